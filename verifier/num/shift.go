package num

import (
	"math/bits"

	"github.com/lockstep-ebpf/lockstep/internal/mutant"
)

// counts is the set of counts that a shift can have, bit k for k.
type counts uint64

// counts of a shift of n bits: y modulo n. Where n is a power of two, as on the
// normal machine, that is y's lowest bits (RFC 9669 section 4.1), which the
// subregister knows as well; its ranges may be better. Where n is none, a mask would
// mean nothing, and it is the remainder of the word that has n bits.
func (w Width) counts(y *Scalar, n uint) counts {
	if v, ok := y.Const(); ok {
		return 1 << (v & ones(n) % uint64(n))
	}
	c := counts(ones(n))
	masks := n&(n-1) == 0
	if mutant.On(mutant.NumLsh32CountWide) && n == w.Sub && y.U.Max >= uint64(n) {
		return 0
	}
	if n == w.Reg {
		c &= countsOf(halves(y.U, y.S, n), n)
	}
	if n == w.Sub || masks && n-1 <= uint(ones(w.Sub)) {
		c &= countsOf(halves(y.U32, y.S32, w.Sub), n)
	}
	if !masks {
		return c
	}
	if low := y.Bits.low(uint(bits.Len(n - 1))); low.Mask != uint64(n-1) {
		for k := range uint64(n) {
			if !low.Contains(k) {
				c &^= 1 << k
			}
		}
	}
	return c
}

func countsOf(a segments, n uint) (c counts) {
	all := ones(n)
	for _, x := range a.at[:a.len] {
		if x.hi-x.lo >= uint64(n-1) {
			return counts(all)
		}
		lo, hi := x.lo%uint64(n), x.hi%uint64(n)
		from, upto := all<<lo&all, uint64(2)<<hi-1
		if lo <= hi {
			c |= counts(from & upto)
		} else {
			c |= counts(from | upto)
		}
	}
	return c
}

// first is the least count.
func (c counts) first() uint { return uint(bits.TrailingZeros64(uint64(c))) }

// shift puts a, shifted by each of the counts, into reg, and the lower part of it into
// sub. low is the lower part of a.
func (w Width) shift(op Op, a, low *word, c counts, reg, sub *result) {
	n, m := w.Reg, w.Sub
	anyReg, anySub := anyResult(n), anyResult(m)
	for ; c != 0 && (*reg != anyReg || *sub != anySub); c &= c - 1 {
		k := c.first()
		bits := shiftBits(op, a.bits, k, n)
		full, part := hull{}, hull{} // 0, for a lower part that is shifted out
		switch {
		case op == Lsh:
			full = lowestOf(a, low, n-k, m).lsh(k)
			if k < m {
				part = lowestOf(a, low, m-k, m).lsh(k)
			}
		case k == 0:
			full, part = a.hull(n), low.hull(m)
		default: // the lower part has bits that were in the upper
			s := a.rsh(op, k, n)
			full, part = s.hull(n), truncate(&s, m)
		}
		reg.join(bits, full, n)
		sub.join(bits.low(m), part, m)
	}
}

// shift32 does so for the subregister alone.
func (w Width) shift32(op Op, low *word, c counts, sub *result) {
	n := w.Sub
	for ; c != 0 && *sub != anyResult(n); c &= c - 1 {
		k := c.first()
		var h hull
		if op == Lsh {
			h = truncate(&low.segments, n-k).lsh(k)
		} else {
			s := low.rsh(op, k, n)
			h = s.hull(n)
		}
		sub.join(shiftBits(op, low.bits, k, n), h, n)
	}
}

// join adds a partial result, whose ranges first take what they can from its bits:
// joined bits forget what each part has for certain, zeros at the end above all.
func (r *result) join(bits Tnum, h hull, n uint) {
	part := result{bits: bits}
	part.ofBits(n)
	r.bits = r.bits.Join(bits)
	r.u = r.u.Join(h.u.Meet(part.u))
	r.s = r.s.Join(h.s.Meet(part.s))
}

func shiftBits(op Op, t Tnum, k, n uint) Tnum {
	switch op {
	case Lsh:
		return t.lsh(k, n)
	case Rsh:
		return t.rsh(k)
	}
	return t.arsh(k, n)
}

// lsh shifts numbers to the left that have room for it.
func (h hull) lsh(k uint) hull {
	return hull{Unsigned{h.u.Min << k, h.u.Max << k}, Signed{h.s.Min << k, h.s.Max << k}}
}

// rsh shifts to the right, op says how. Order is kept, the unsigned one too: a segment
// has one sign.
func (a *segments) rsh(op Op, k, n uint) (out segments) {
	for _, x := range a.at[:a.len] {
		if op == Rsh && !mutant.On(mutant.NumRshArithmetic) {
			out.push(x.lo>>k, x.hi>>k)
		} else {
			out.push(uint64(signed(x.lo, n)>>k)&ones(n), uint64(signed(x.hi, n)>>k)&ones(n))
		}
	}
	return out
}
