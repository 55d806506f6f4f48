package num

import "math/bits"

// reduce replaces x op y, on n bits, by an operator that is easier to be exact about:
// powers of two by shifts and masks, signed division of what is not negative by the
// unsigned one.
func (w Width) reduce(op Op, x, y *Scalar, n uint) Op {
	switch op {
	case Mul, Div, Mod, Sdiv, Smod:
	default:
		return op
	}
	a, b := w.factOf(x, n), w.factOf(y, n)
	if op == Mul && isPower(a.bits) {
		*x, *y = *y, *x
		b = a
	}
	if (op == Sdiv || op == Smod) && a.s.Min >= 0 && b.s.Min >= 0 {
		op -= Sdiv - Div
	}
	if !isPower(b.bits) {
		return op
	}
	switch op {
	case Mul:
		*y = w.Const(uint64(bits.TrailingZeros64(b.bits.Value)))
		return Lsh
	case Div:
		*y = w.Const(uint64(bits.TrailingZeros64(b.bits.Value)))
		return Rsh
	case Mod:
		*y = w.Const(b.bits.Value - 1)
		return And
	}
	return op
}

func isPower(t Tnum) bool { return t.IsConst() && bits.OnesCount64(t.Value) == 1 }

// isIdentity reports whether x op y is x, on n bits: the operator may say less of it
// than x does.
func (w Width) isIdentity(op Op, x, y *Scalar, n uint) bool {
	switch op {
	case Add, Sub, Or, Xor, Lsh, Rsh, Arsh:
		return y.Bits.low(n) == Tnum{}
	case Sdiv:
		return y.Bits.low(n) == Tnum{Value: 1}
	}
	a, b := w.factOf(x, n), w.factOf(y, n)
	switch op {
	case Mod:
		return a.u.Max < b.u.Min || b.u.Max == 0
	case Smod:
		return b.bits.IsConst() && (b.bits.Value == 0 || isLess(a.s, b.s.Min))
	}
	return false
}

// isLess reports whether the absolute values in s are less than that of c.
func isLess(s Signed, c int64) bool {
	if c > 0 {
		c = -c // the other way round, MIN would not fit
	}
	return c < s.Min && s.Max <= -(c+1)
}
