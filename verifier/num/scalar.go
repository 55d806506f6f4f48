package num

// Scalar is what is known of a register that holds a number: the bits, and four
// ranges. U and S are of the whole register, U32 and S32 of the subregister (32 bits
// wide on the normal machine). A number is a member if all five parts allow it.
//
// Scalars that the functions of this package return are normal: no part can be made
// smaller without losing a member (see [Width.Normalise]). All but Normalise expect
// normal scalars. So two of them are equal (==) exactly if they have the same
// members, and the one without members is [Bottom].
//
// The zero Scalar is the constant 0.
type Scalar struct {
	Bits Tnum
	U    Unsigned
	S    Signed
	U32  Unsigned
	S32  Signed
}

// Bottom has no members: control cannot come here with such a value.
func Bottom() Scalar { return Scalar{noTnum, noUnsigned, noSigned, noUnsigned, noSigned} }

// Unknown can be anything.
func (w Width) Unknown() Scalar {
	return Scalar{
		anyTnum(w.Reg),
		anyUnsigned(w.Reg), anySigned(w.Reg),
		anyUnsigned(w.Sub), anySigned(w.Sub),
	}
}

// Const is v and nothing else.
func (w Width) Const(v uint64) Scalar {
	v &= ones(w.Reg)
	s, low := signed(v, w.Reg), v&ones(w.Sub)
	s32 := signed(v, w.Sub)
	return Scalar{Tnum{Value: v}, Unsigned{v, v}, Signed{s, s}, Unsigned{low, low}, Signed{s32, s32}}
}

// UnsignedRange is the numbers from lo to hi.
func (w Width) UnsignedRange(lo, hi uint64) Scalar {
	x := w.Unknown()
	x.U = x.U.Meet(Unsigned{lo, hi})
	return w.Normalise(x)
}

// SignedRange is the numbers from lo to hi.
func (w Width) SignedRange(lo, hi int64) Scalar {
	x := w.Unknown()
	x.S = x.S.Meet(Signed{lo, hi})
	return w.Normalise(x)
}

// KnownBits is the numbers that have the bits t.
func (w Width) KnownBits(t Tnum) Scalar {
	x := w.Unknown()
	x.Bits = x.Bits.Meet(t)
	return w.Normalise(x)
}

// IsBottom reports whether x has no members.
func (x Scalar) IsBottom() bool { return x.U.IsBottom() }

// Const is the only member, if there is just one.
func (x Scalar) Const() (v uint64, ok bool) { return x.U.Min, x.U.Min == x.U.Max }

// Contains reports whether v is a member.
func (w Width) Contains(x Scalar, v uint64) bool {
	return x.Bits.Contains(v) &&
		x.U.Contains(v) && x.S.Contains(signed(v, w.Reg)) &&
		x.U32.Contains(v&ones(w.Sub)) && x.S32.Contains(signed(v, w.Sub))
}

// Subsumes reports whether all members of o are members of x.
func (x Scalar) Subsumes(o Scalar) bool {
	return x.Bits.Subsumes(o.Bits) &&
		x.U.Subsumes(o.U) && x.S.Subsumes(o.S) &&
		x.U32.Subsumes(o.U32) && x.S32.Subsumes(o.S32)
}

// Join is the least scalar with the members of both. Each part of it is the least
// that has the parts of both; that is normal already.
func (x Scalar) Join(o Scalar) Scalar {
	return Scalar{
		x.Bits.Join(o.Bits),
		x.U.Join(o.U), x.S.Join(o.S),
		x.U32.Join(o.U32), x.S32.Join(o.S32),
	}
}

// Meet has the members that x and o share, and no others.
func (w Width) Meet(x, o Scalar) Scalar {
	return w.Normalise(Scalar{
		x.Bits.Meet(o.Bits),
		x.U.Meet(o.U), x.S.Meet(o.S),
		x.U32.Meet(o.U32), x.S32.Meet(o.S32),
	})
}
