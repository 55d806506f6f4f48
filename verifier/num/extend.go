package num

import "github.com/lockstep-ebpf/lockstep/internal/mutant"

// lowest is what is known of the lowest n bits of x, as a number of n bits.
func (w Width) lowest(x *Scalar, n uint) result {
	a, low := w.reg(x), w.sub(x)
	return result{x.Bits.low(n), lowestOf(&a, &low, n, w.Sub)}
}

// lowestOf is the ranges of the lowest n bits of a register: what is left of its own,
// and of those of its lower part of m bits.
func lowestOf(a, low *word, n, m uint) hull {
	h := truncate(&a.segments, n)
	if n <= m {
		sub := truncate(&low.segments, n)
		h.u, h.s = h.u.Meet(sub.u), h.s.Meet(sub.s)
	}
	return h
}

// truncate cuts the numbers of a down to n bits.
func truncate(a *segments, n uint) hull {
	h := newHull()
	for _, x := range a.at[:a.len] {
		if lo, hi := x.lo&ones(n), x.hi&ones(n); mutant.On(mutant.NumTruncateAcross) && lo <= hi {
			h.add(lo, hi, n)
			continue
		}
		h.addLong(x.lo, x.hi-x.lo, n)
	}
	return h
}

// Zext keeps the lowest n bits and clears the others. It is mov32 for n = w.Sub, a
// conversion to the machine's own byte order (RFC 9669 section 4.2), and a load of
// n bits if x is Unknown.
func (w Width) Zext(x Scalar, n uint) Scalar {
	if x.IsBottom() || n >= w.Reg {
		return x
	}
	if v, ok := x.Const(); ok {
		return w.Const(v & ones(n))
	}
	r := w.lowest(&x, n)
	low := halves(r.u, r.s, n)
	u := low.hull(n).u
	out := Scalar{r.bits, u, anySigned(w.Reg), x.U32, x.S32}
	if n < w.Sub {
		out.U32, out.S32 = u, anySigned(w.Sub)
	}
	return w.Normalise(out)
}

// Sext sign-extends the lowest n bits to the register (movsx of class ALU64, loads
// of mode MEMSX).
func (w Width) Sext(x Scalar, n uint) Scalar {
	if x.IsBottom() || n >= w.Reg {
		return x
	}
	if v, ok := x.Const(); ok {
		return w.Const(uint64(signed(v, n)))
	}
	r := w.lowest(&x, n)
	wide := newHull()
	low := halves(r.u, r.s, n)
	for _, seg := range low.at[:low.len] {
		wide.add(uint64(signed(seg.lo, n))&ones(w.Reg), uint64(signed(seg.hi, n))&ones(w.Reg), w.Reg)
	}
	out := Scalar{r.bits.sext(n, w.Reg), wide.u, wide.s, x.U32, x.S32}
	if n < w.Sub {
		out.U32, out.S32 = anyUnsigned(w.Sub), r.s
	}
	return w.Normalise(out)
}

// Sext32 sign-extends the lowest n bits to the subregister and clears the upper half
// (movsx of class ALU).
func (w Width) Sext32(x Scalar, n uint) Scalar {
	if n >= w.Sub {
		return w.Zext(x, w.Sub)
	}
	if mutant.On(mutant.NumMovsx32Wide) {
		return w.Sext(x, n)
	}
	return w.Zext(w.Sext(x, n), w.Sub)
}

// Swap reverses the lowest n bits byte by byte and clears the others: a conversion
// to the other byte order, or bswap.
func (w Width) Swap(x Scalar, n uint) Scalar {
	if x.IsBottom() {
		return x
	}
	x = w.Zext(x, n)
	return w.KnownBits(x.Bits.swap(n, w.unit()))
}
