package num

import "math/bits"

// The bitwise operators know their bits from tristate numbers, and their ranges from
// the exact bounds of one operator on two segments (Warren, "Hacker's Delight",
// section 4-3). Two segments have one sign each, so the result has one sign.

func and(r *result, a, b *word, n uint) {
	r.bits = a.bits.and(b.bits)
	if a.isPlain(n) && b.isPlain(n) {
		r.ofBits(n)
		return
	}
	for _, x := range a.at[:a.len] {
		for _, y := range b.at[:b.len] {
			// x & y = ~(~x | ~y)
			x, y := x.not(n), y.not(n)
			r.add(ones(n)&^mostOr(x, y), ones(n)&^leastOr(x, y), n)
		}
	}
}

func or(r *result, a, b *word, n uint) {
	r.bits = a.bits.or(b.bits)
	if a.isPlain(n) && b.isPlain(n) {
		r.ofBits(n)
		return
	}
	for _, x := range a.at[:a.len] {
		for _, y := range b.at[:b.len] {
			r.add(leastOr(x, y), mostOr(x, y), n)
		}
	}
}

func xor(r *result, a, b *word, n uint) {
	r.bits = a.bits.xor(b.bits)
	if a.isPlain(n) && b.isPlain(n) {
		r.ofBits(n)
		return
	}
	for _, x := range a.at[:a.len] {
		for _, y := range b.at[:b.len] {
			// x ^ y = ~(~x ^ y)
			r.add(leastXor(x, y), ones(n)&^leastXor(x.not(n), y), n)
		}
	}
}

// isPlain reports whether the ranges say no more than the bits do.
func (a *word) isPlain(n uint) bool {
	if a.len == 0 {
		return false
	}
	lo, hi := a.at[0].lo, a.at[a.len-1].hi
	if lo != a.bits.Value || hi != a.bits.possible() {
		return false
	}
	sign := signBit(n)
	return a.bits.Mask&sign == 0 || a.at[0].hi == hi&^sign && a.at[1].lo == lo|sign
}

// ofBits makes the ranges those of the bits.
func (r *result) ofBits(n uint) {
	least, most := r.bits.Value, r.bits.possible()
	sign := signBit(n) & r.bits.Mask
	r.u = Unsigned{least, most}
	r.s = Signed{signed(least|sign, n), signed(most&^sign, n)}
}

func (x segment) not(n uint) segment { return segment{ones(n) &^ x.hi, ones(n) &^ x.lo} }

// raise is the least number of x that is lo or more and has the bit.
func (x segment) raise(bit uint64) (uint64, bool) {
	v := (x.lo | bit) &^ (bit - 1)
	return v, v <= x.hi
}

// leastOr: the lower ends give the least result, unless one of them can be raised,
// for nothing, to a bit that the other has: then its bits below it become 0. The
// highest such bit is best.
func leastOr(x, y segment) uint64 {
	for d := x.lo ^ y.lo; d != 0; {
		bit := uint64(1) << (bits.Len64(d) - 1)
		d &^= bit
		if x.lo&bit == 0 {
			if v, ok := x.raise(bit); ok {
				return v | y.lo
			}
		} else if v, ok := y.raise(bit); ok {
			return x.lo | v
		}
	}
	return x.lo | y.lo
}

// mostOr: the upper ends, unless both have a bit and one of them can be lowered to
// be without it: then its bits below it become 1.
func mostOr(x, y segment) uint64 {
	for d := x.hi & y.hi; d != 0; {
		bit := uint64(1) << (bits.Len64(d) - 1)
		d &^= bit
		if v := x.hi&^bit | (bit - 1); v >= x.lo {
			return v | y.hi
		}
		if v := y.hi&^bit | (bit - 1); v >= y.lo {
			return x.hi | v
		}
	}
	return x.hi | y.hi
}

// leastXor: the lower ends, raised wherever that takes away a difference.
func leastXor(x, y segment) uint64 {
	for d := x.lo ^ y.lo; d != 0; {
		bit := uint64(1) << (bits.Len64(d) - 1)
		if x.lo&bit == 0 {
			if v, ok := x.raise(bit); ok {
				x.lo = v
			}
		} else if v, ok := y.raise(bit); ok {
			y.lo = v
		}
		d = (x.lo ^ y.lo) & (bit - 1)
	}
	return x.lo ^ y.lo
}
