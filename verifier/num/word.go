package num

// word is what an operator sees of an operand, at the width it works at: all of the
// register, or the subregister alone. The operators are written once, for words.
type word struct {
	bits Tnum
	segments
}

// result is what an operator says of its outcome: any bits and any ranges that
// contain it. Normalise makes more of them.
type result struct {
	bits Tnum
	hull
}

// reg and sub are the two words of a scalar.
func (w Width) reg(x Scalar) word { return word{x.Bits, halves(x.U, x.S, w.Reg)} }

func (w Width) sub(x Scalar) word { return word{x.Bits.low(w.Sub), halves(x.U32, x.S32, w.Sub)} }

// anyResult says nothing.
func anyResult(n uint) result {
	return result{anyTnum(n), hull{anyUnsigned(n), anySigned(n)}}
}

// unknownBits is a result that will say something by its ranges alone.
func unknownBits(n uint) result { return result{anyTnum(n), newHull()} }

// both makes a scalar from what is known of a register, and of its lower part.
func (w Width) both(reg, sub result) Scalar {
	m := w.Sub
	bits := reg.bits.Meet(Tnum{
		reg.bits.Value&^ones(m) | sub.bits.Value,
		reg.bits.Mask&^ones(m) | sub.bits.Mask,
	})
	return w.Normalise(Scalar{bits, reg.u, reg.s, sub.u, sub.s})
}

// zext makes a scalar from what is known of the lower part; the rest is 0.
func (w Width) zext(sub result) Scalar {
	return w.Normalise(Scalar{
		sub.bits,
		Unsigned{Max: ones(w.Sub)},
		anySigned(w.Reg),
		sub.u, sub.s,
	})
}
