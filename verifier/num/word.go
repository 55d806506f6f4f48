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
func (w Width) reg(x *Scalar) (a word) {
	a.bits = x.Bits
	a.cut(x.U, x.S, w.Reg)
	return a
}

func (w Width) sub(x *Scalar) (a word) {
	a.bits = x.Bits.low(w.Sub)
	a.cut(x.U32, x.S32, w.Sub)
	return a
}

// anyResult says nothing.
func anyResult(n uint) result {
	return result{anyTnum(n), hull{anyUnsigned(n), anySigned(n)}}
}

// nothing is the result without outcomes.
func nothing() result { return result{noTnum, hull{noUnsigned, noSigned}} }

// both makes a scalar from what is known of a register, and of its lower part.
func (w Width) both(reg, sub *result) Scalar {
	m := w.Sub
	x := Scalar{
		reg.bits.Meet(Tnum{
			reg.bits.Value&^ones(m) | sub.bits.Value,
			reg.bits.Mask&^ones(m) | sub.bits.Mask,
		}),
		reg.u, reg.s, sub.u, sub.s,
	}
	w.normalise(&x)
	return x
}

// zext makes a scalar from what is known of the lower part; the rest is 0.
func (w Width) zext(sub *result) Scalar {
	x := Scalar{
		sub.bits,
		Unsigned{Max: ones(w.Sub)},
		anySigned(w.Reg),
		sub.u, sub.s,
	}
	w.normalise(&x)
	return x
}
