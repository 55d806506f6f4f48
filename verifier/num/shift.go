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
	c := counts(ones(n))
	masks := n&(n-1) == 0
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
	for ; c != 0; c &= c - 1 {
		k := c.first()
		bits := shiftBits(op, a.bits, k, n)
		r := newHull()
		shiftSegments(&r, op, &a.segments, k, n)
		reg.join(bits, r, n)

		r = newHull()
		switch {
		case op == Lsh && k < m:
			shiftSegments(&r, op, &low.segments, k, m)
		case op == Lsh:
			r.add(0, 0, m)
		default: // the lower part has bits that were in the upper
			for _, x := range a.at[:a.len] {
				lo, hi := shiftEnds(op, x, k, n)
				r.addLong(lo, hi-lo, m)
			}
		}
		sub.join(bits.low(m), r, m)
	}
}

// shift32 does so for the subregister alone.
func (w Width) shift32(op Op, low *word, c counts, sub *result) {
	for ; c != 0; c &= c - 1 {
		k := c.first()
		r := newHull()
		shiftSegments(&r, op, &low.segments, k, w.Sub)
		sub.join(shiftBits(op, low.bits, k, w.Sub), r, w.Sub)
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

func shiftSegments(h *hull, op Op, a *segments, k, n uint) {
	for _, x := range a.at[:a.len] {
		if op != Lsh {
			lo, hi := shiftEnds(op, x, k, n)
			h.add(lo, hi, n)
			continue
		}
		span := x.hi - x.lo
		if span > ones(n)>>k {
			span = ones(n) >> k // more than once round
		}
		h.addLong(x.lo<<k, span<<k, n)
	}
}

// shiftEnds shifts a segment to the right. Order is kept, the unsigned one too: a
// segment has one sign.
func shiftEnds(op Op, x segment, k, n uint) (lo, hi uint64) {
	if op == Rsh && !mutant.On(mutant.NumRshArithmetic) {
		return x.lo >> k, x.hi >> k
	}
	return uint64(signed(x.lo, n)>>k) & ones(n), uint64(signed(x.hi, n)>>k) & ones(n)
}
