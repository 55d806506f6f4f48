package num

import "github.com/lockstep-ebpf/lockstep/internal/mutant"

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

func (op Op) isShift() bool { return op == Lsh || op == Rsh || op == Arsh }

// ALU is the result of the instruction x op= y of class ALU64.
func (w Width) ALU(op Op, x, y Scalar) Scalar {
	switch {
	case x.IsBottom() || y.IsBottom():
		return Bottom()
	case op == Mov:
		return y
	case (x.Bits.Mask | y.Bits.Mask) == 0:
		return w.Const(fold(op, x.U.Min, y.U.Min, w.Reg))
	}
	op = w.reduce(op, &x, &y, w.Reg)
	if w.isIdentity(op, &x, &y, w.Reg) {
		return x
	}
	a, aLow := w.reg(&x), w.sub(&x)
	if op.isShift() {
		reg, sub := nothing(), nothing()
		w.shift(op, &a, &aLow, w.counts(&y, w.Reg), &reg, &sub)
		return w.both(&reg, &sub)
	}
	b := w.reg(&y)
	reg, sub := nothing(), anyResult(w.Sub)
	apply(op, &reg, &a, &b, w.Reg)
	if op.local() && !(w.fits(x.S) && w.fits(y.S) && w.fits(reg.s)) {
		bLow := w.sub(&y)
		sub = nothing()
		apply(op, &sub, &aLow, &bLow, w.Sub)
	}
	w.plant64(op, &x, &y, &sub)
	return w.both(&reg, &sub)
}

// ALU32 is the result of the instruction x op= y of class ALU: the operator works on
// the subregisters, and the upper half of the result is 0.
func (w Width) ALU32(op Op, x, y Scalar) Scalar {
	switch {
	case x.IsBottom() || y.IsBottom():
		return Bottom()
	case op == Mov:
		if mutant.On(mutant.NumMov32SignExtends) {
			return w.Sext(y, w.Sub)
		}
		return w.Zext(y, w.Sub)
	case mutant.On(mutant.NumALU32Wide):
		return w.Zext(w.ALU(op, x, y), w.Sub)
	case (x.Bits.Mask|y.Bits.Mask)&ones(w.Sub) == 0:
		return w.Const(fold(op, x.U32.Min, y.U32.Min, w.Sub))
	}
	op = w.reduce(op, &x, &y, w.Sub)
	if w.isIdentity(op, &x, &y, w.Sub) {
		return w.Zext(x, w.Sub)
	}
	a, r := w.sub(&x), nothing()
	if op.isShift() {
		w.shift32(op, &a, w.counts(&y, w.Sub), &r)
	} else {
		b := w.sub(&y)
		w.plant32(op, &x, &y, &a, &b)
		apply(op, &r, &a, &b, w.Sub)
	}
	return w.zext(&r)
}

// fits reports whether all of s are signed numbers of the subregister too. Of such
// numbers the subregister knows no more than the register.
func (w Width) fits(s Signed) bool { return anySigned(w.Sub).Subsumes(s) }

// apply puts the outcomes of op on words of n bits into r, which is empty.
func apply(op Op, r *result, a, b *word, n uint) {
	switch op {
	case Add:
		add(r, a, b, n)
	case Sub:
		sub(r, a, b, n)
	case Mul:
		mul(r, a, b, n)
	case Div:
		div(r, a, b, n)
	case Mod:
		mod(r, a, b, n)
	case Sdiv:
		sdiv(r, a, b, n)
	case Smod:
		smod(r, a, b, n)
	case And:
		and(r, a, b, n)
	case Or:
		or(r, a, b, n)
	case Xor:
		xor(r, a, b, n)
	default:
		*r = anyResult(n)
	}
}

// Neg is −x, and Neg32 that of the subregister, zero-extended.
func (w Width) Neg(x Scalar) Scalar { return w.ALU(Sub, Scalar{}, x) }

// Neg32 is −x of the subregister; the upper half of the result is 0.
func (w Width) Neg32(x Scalar) Scalar { return w.ALU32(Sub, Scalar{}, x) }
