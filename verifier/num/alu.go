package num

// Op is a binary operator of the ALU and ALU64 classes (RFC 9669 section 4.1).
type Op uint8

// The operators. Shifts take their count modulo the width.
const (
	Mov Op = iota
	Add
	Sub
	Mul
	Div  // unsigned
	Mod  // unsigned
	Sdiv // rounds towards 0
	Smod
	And
	Or
	Xor
	Lsh
	Rsh
	Arsh
)

// Ops is how many operators there are.
const Ops = Arsh + 1

var opNames = [Ops]string{
	"mov", "add", "sub", "mul", "div", "mod", "sdiv", "smod", "and", "or", "xor", "lsh", "rsh", "arsh",
}

// String is the operator's mnemonic.
func (op Op) String() string {
	if op < Ops {
		return opNames[op]
	}
	return "op?"
}

// local operators are those whose lower result bits depend on lower operand bits
// alone: what the subregister knows is of use then to the whole register.
func (op Op) local() bool {
	switch op {
	case Add, Sub, Mul, And, Or, Xor:
		return true
	}
	return false
}

// ALU is the result of the instruction x op= y of class ALU64.
func (w Width) ALU(op Op, x, y Scalar) Scalar {
	if x.IsBottom() || y.IsBottom() {
		return Bottom()
	}
	switch op {
	case Mov:
		return y
	case Lsh, Rsh, Arsh:
		return w.shift(op, x, y)
	}
	lower := anyResult(w.Sub)
	if op.local() {
		lower = apply(op, w.sub(x), w.sub(y), w.Sub)
	}
	return w.both(apply(op, w.reg(x), w.reg(y), w.Reg), lower)
}

func (w Width) shift(op Op, x, y Scalar) Scalar {
	out := Bottom()
	reg, sub := w.reg(x), w.sub(x)
	for c := w.counts(y, w.Reg); c != 0; c &= c - 1 {
		k := c.first()
		lower := anyResult(w.Sub)
		if op == Lsh {
			lower = shift(op, sub, k, w.Sub)
		}
		out = out.Join(w.both(shift(op, reg, k, w.Reg), lower))
	}
	return out
}

func (w Width) shift32(op Op, x, y Scalar) Scalar {
	out := Bottom()
	sub := w.sub(x)
	for c := w.counts(y, w.Sub); c != 0; c &= c - 1 {
		out = out.Join(w.zext(shift(op, sub, c.first(), w.Sub)))
	}
	return out
}

// ALU32 is the result of the instruction x op= y of class ALU: the operator works on
// the subregisters, and the upper half of the result is 0.
func (w Width) ALU32(op Op, x, y Scalar) Scalar {
	if x.IsBottom() || y.IsBottom() {
		return Bottom()
	}
	switch op {
	case Mov:
		return w.Zext(y, w.Sub)
	case Lsh, Rsh, Arsh:
		return w.shift32(op, x, y)
	}
	return w.zext(apply(op, w.sub(x), w.sub(y), w.Sub))
}

// apply is op on words of n bits.
func apply(op Op, a, b word, n uint) result {
	switch op {
	case Add:
		return add(a, b, n)
	case Sub:
		return sub(a, b, n)
	case Mul:
		return mul(a, b, n)
	case Div:
		return div(a, b, n)
	case Mod:
		return mod(a, b, n)
	case Sdiv:
		return sdiv(a, b, n)
	case Smod:
		return smod(a, b, n)
	case And:
		return and(a, b, n)
	case Or:
		return or(a, b, n)
	case Xor:
		return xor(a, b, n)
	}
	return anyResult(n)
}

// Neg is −x, and Neg32 that of the subregister, zero-extended.
func (w Width) Neg(x Scalar) Scalar { return w.ALU(Sub, Scalar{}, x) }

// Neg32 is −x of the subregister; the upper half of the result is 0.
func (w Width) Neg32(x Scalar) Scalar { return w.ALU32(Sub, Scalar{}, x) }
