package num

import "math/bits"

// add: segments add up to segments, except that a sum may go round.
func add(r *result, a, b *word, n uint) {
	r.bits = a.bits.add(b.bits, n)
	for _, x := range a.at[:a.len] {
		for _, y := range b.at[:b.len] {
			r.addLong(x.lo+y.lo, span(x, y), n)
		}
	}
}

// sub: likewise.
func sub(r *result, a, b *word, n uint) {
	r.bits = a.bits.sub(b.bits, n)
	for _, x := range a.at[:a.len] {
		for _, y := range b.at[:b.len] {
			r.addLong(x.lo-y.hi, span(x, y), n)
		}
	}
}

// span is how far apart the sums, or the differences, of x and y can be. Segments
// are at most half of all numbers long, so this does not overflow.
func span(x, y segment) uint64 { return (x.hi - x.lo) + (y.hi - y.lo) }

// mul multiplies absolute values, in 128 bits, and puts the sign back on.
func mul(r *result, a, b *word, n uint) {
	r.bits = a.bits.mul(b.bits, n)
	for _, x := range a.at[:a.len] {
		for _, y := range b.at[:b.len] {
			r.addProduct(x.magnitude(n), y.magnitude(n), x.isNeg(n) != y.isNeg(n), n)
		}
	}
}

func (h *hull) addProduct(x, y segment, neg bool, n uint) {
	loHigh, lo := bits.Mul64(x.lo, y.lo)
	hiHigh, hi := bits.Mul64(x.hi, y.hi)
	span, borrow := bits.Sub64(hi, lo, 0)
	if hiHigh-loHigh-borrow != 0 {
		span = ones(n) // more than once round
	}
	if neg {
		lo = -hi
	}
	h.addLong(lo, span, n)
}
