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
func (w Width) counts(y Scalar, n uint) counts {
	c := counts(ones(n))
	masks := n&(n-1) == 0
	if n == w.Reg {
		c &= countsOf(w.reg(y).segments, n)
	}
	if n == w.Sub || masks && n-1 <= uint(ones(w.Sub)) {
		c &= countsOf(w.sub(y).segments, n)
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

// shift shifts a by k.
func shift(op Op, a word, k, n uint) result {
	switch op {
	case Lsh:
		return lsh(a, k, n)
	case Rsh:
		return rsh(a, k, n)
	}
	return arsh(a, k, n)
}

func lsh(a word, k, n uint) result {
	if k >= n { // the lower part of a register that is shifted far
		return result{Tnum{}, hull{}}
	}
	r := result{a.bits.lsh(k, n), newHull()}
	for _, x := range a.at[:a.len] {
		if span := x.hi - x.lo; span <= ones(n)>>k {
			r.addLong(x.lo<<k, span<<k, n)
		} else {
			r.hull = anyResult(n).hull
		}
	}
	return r
}

func rsh(a word, k, n uint) result {
	r := result{a.bits.rsh(k), newHull()}
	for _, x := range a.at[:a.len] {
		if mutant.On(mutant.NumRshArithmetic) {
			r.add(uint64(signed(x.lo, n)>>k)&ones(n), uint64(signed(x.hi, n)>>k)&ones(n), n)
			continue
		}
		r.add(x.lo>>k, x.hi>>k, n)
	}
	return r
}

func arsh(a word, k, n uint) result {
	r := result{a.bits.arsh(k, n), newHull()}
	for _, x := range a.at[:a.len] {
		r.add(uint64(signed(x.lo, n)>>k)&ones(n), uint64(signed(x.hi, n)>>k)&ones(n), n)
	}
	return r
}
