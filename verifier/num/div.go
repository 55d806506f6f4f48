package num

import (
	"math/bits"

	"github.com/lockstep-ebpf/lockstep/internal/mutant"
)

// Division by zero gives 0, and a remainder by zero is the dividend (RFC 9669
// section 4.1). Signed division rounds towards 0, the remainder has the dividend's
// sign; MIN / −1 is MIN and its remainder 0 (Linux; the RFC has no word on it).

func div(r *result, a, b *word, n uint) {
	r.bits = anyTnum(n)
	divs, zero := b.divisors()
	for _, x := range a.at[:a.len] {
		if zero && !mutant.On(mutant.NumDivByZeroForgotten) {
			r.add(0, 0, n)
		}
		for _, y := range divs.at[:divs.len] {
			r.addQuotients(x, y, false, n)
		}
	}
}

// divisors is the segments of b without 0, and whether 0 was in them.
func (b *word) divisors() (out segments, zero bool) {
	for _, y := range b.at[:b.len] {
		if y.lo == 0 {
			zero = true
			y.lo, _ = b.bits.next(1) // beyond y.hi, or 0 again, if there is none
		}
		if y.lo > 0 {
			out.push(y.lo, y.hi)
		}
	}
	return out, zero
}

// addQuotients puts in the quotients of magnitudes, negated if neg. One divided by 1
// is itself, and by more at most half of that; it pays to tell these apart. It also
// takes care of MIN / −1, the one quotient that a signed word has no room for, and
// which has no neighbours if MIN is the only dividend.
func (h *hull) addQuotients(x, y segment, neg bool, n uint) {
	if y.lo == 1 {
		if mutant.On(mutant.NumSdivOverflow) && !neg && x.hi == signBit(n) && x.lo < x.hi {
			x.hi--
		}
		h.addSigned(x.lo, x.hi, neg, n)
	}
	if y.hi >= 2 {
		h.addSigned(x.lo/y.hi, x.hi/max(y.lo, 2), neg, n)
	}
}

// addSigned puts in the magnitudes from lo to hi, negated if neg.
func (h *hull) addSigned(lo, hi uint64, neg bool, n uint) {
	if neg {
		lo, hi = -hi&ones(n), -lo&ones(n)
	}
	h.add(lo, hi, n)
}

func mod(r *result, a, b *word, n uint) {
	r.bits = remainderBits(a.bits, b.bits, n)
	divs, zero := b.divisors()
	for _, x := range a.at[:a.len] {
		if zero && !mutant.On(mutant.NumModByZeroForgotten) {
			r.add(x.lo, x.hi, n)
		}
		for _, y := range divs.at[:divs.len] {
			for _, rem := range remainders(x, y) {
				r.add(rem.lo, rem.hi, n)
			}
		}
	}
}

// remainderBits: x − q·y has the bits of x below the lowest that y can have set. If
// y is a power of two there are no others, which its range says.
func remainderBits(a, b Tnum, n uint) Tnum {
	keep := uint(bits.TrailingZeros64(b.possible()))
	if keep >= n {
		return a // b is 0
	}
	upper := ones(n) >> keep << keep
	return Tnum{a.Value &^ upper, a.Mask | upper}
}

// remainders are the ranges of x mod y, for y > 0. They depend on the quotients:
//
//	x mod c        ╱    ╱    ╱
//	              ╱    ╱    ╱
//	             ╱    ╱    ╱
//	              ├┤           one: the remainders of the ends
//	                ├──┤       two: from the lower end up, and from 0 to the upper end
//	              ├───────┤    more: 0 to c−1
//
// If y is not constant, those with quotient 0 are x itself, and the others stand
// apart: they leave less of x.
func remainders(x, y segment) [2]segment {
	first, last := x.lo/y.hi, x.hi/y.lo
	switch {
	case first == last:
		all := segment{x.lo - first*y.hi, x.hi - first*y.lo}
		return [2]segment{all, all}
	case last == first+1 && y.lo == y.hi:
		return [2]segment{{x.lo - first*y.lo, y.lo - 1}, {0, x.hi - last*y.lo}}
	case first == 0:
		rest := leftOver(x, y, 1)
		return [2]segment{{x.lo, min(x.hi, y.hi-1)}, rest}
	}
	rest := leftOver(x, y, first)
	return [2]segment{rest, rest}
}

// leftOver is the range of remainders with quotients of q or more. A remainder r is
// below y, so x is at least q·(r+1) + r.
func leftOver(x, y segment, q uint64) segment {
	return segment{0, min(y.hi-1, x.hi-q*y.lo, (x.hi-q)/(q+1))}
}

func sdiv(r *result, a, b *word, n uint) {
	r.bits = signedQuotientBits(a.bits, b.bits, n)
	divs, zero := b.divisors()
	for _, x := range a.at[:a.len] {
		if zero && !mutant.On(mutant.NumDivByZeroForgotten) {
			r.add(0, 0, n)
		}
		for _, y := range divs.at[:divs.len] {
			r.addQuotients(x.magnitude(n), y.magnitude(n), x.isNeg(n) != y.isNeg(n), n)
		}
	}
}

// signedQuotientBits: for powers of two, absolute values are shifted.
func signedQuotientBits(a, b Tnum, n uint) Tnum {
	if !b.IsConst() {
		return anyTnum(n)
	}
	by := segment{b.Value, b.Value}
	c := by.magnitude(n).lo
	if bits.OnesCount64(c) != 1 {
		return anyTnum(n)
	}
	k, out := uint(bits.TrailingZeros64(c)), noTnum
	for _, neg := range [2]bool{false, true} {
		x := a
		if neg {
			x = x.Meet(Tnum{signBit(n), ones(n) >> 1})
		} else {
			x = x.Meet(Tnum{0, ones(n) >> 1})
		}
		if x.IsBottom() {
			continue
		}
		if neg {
			x = Tnum{}.sub(x, n)
		}
		if x = x.rsh(k); neg != by.isNeg(n) {
			x = Tnum{}.sub(x, n)
		}
		out = out.Join(x)
	}
	return out
}

func smod(r *result, a, b *word, n uint) {
	r.bits = remainderBits(a.bits, b.bits, n)
	divs, zero := b.divisors()
	for _, x := range a.at[:a.len] {
		if zero && !mutant.On(mutant.NumModByZeroForgotten) {
			r.add(x.lo, x.hi, n)
		}
		for _, y := range divs.at[:divs.len] {
			for _, rem := range remainders(x.magnitude(n), y.magnitude(n)) {
				neg := x.isNeg(n)
				if mutant.On(mutant.NumSmodDivisorSign) {
					neg = y.isNeg(n)
				}
				r.addSigned(rem.lo, rem.hi, neg, n)
			}
		}
	}
}
