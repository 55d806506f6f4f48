package num

// Range is the numbers from Min to Max. Unsigned reads a word as an unsigned number,
// Signed the same word as two's complement; neither says all that the other does:
//
//	            0 ─────────────── MAX | MIN ──────────────── −1
//	unsigned    0 ───────────────────────────────────────── 2ⁿ−1
//
//	Signed[−1,1]:    ██                                      █     Unsigned: anything
//	Unsigned[MAX, MIN as unsigned]:   █ █                          Signed: anything
//
// A range with Min > Max contains nothing. The zero Range is the number 0.
type Range[T uint64 | int64] struct{ Min, Max T }

// Unsigned is a range of unsigned numbers.
type Unsigned = Range[uint64]

// Signed is a range of signed numbers.
type Signed = Range[int64]

// noUnsigned and noSigned contain nothing.
var (
	noUnsigned = Unsigned{Min: 1, Max: 0}
	noSigned   = Signed{Min: 1, Max: 0}
)

// anyUnsigned contains every n-bit number.
func anyUnsigned(n uint) Unsigned { return Unsigned{Max: ones(n)} }

// anySigned contains every signed n-bit number.
func anySigned(n uint) Signed {
	most := int64(ones(n) >> 1)
	return Signed{Min: -most - 1, Max: most}
}

// IsBottom reports whether r contains nothing.
func (r Range[T]) IsBottom() bool { return r.Min > r.Max }

// Contains reports whether x lies in r.
func (r Range[T]) Contains(x T) bool { return r.Min <= x && x <= r.Max }

// Subsumes reports whether r contains all that o does.
func (r Range[T]) Subsumes(o Range[T]) bool {
	return o.IsBottom() || r.Min <= o.Min && o.Max <= r.Max
}

// Join is the least range that contains both.
func (r Range[T]) Join(o Range[T]) Range[T] {
	switch {
	case r.IsBottom():
		return o
	case o.IsBottom():
		return r
	}
	return Range[T]{min(r.Min, o.Min), max(r.Max, o.Max)}
}

// Meet is what both contain.
func (r Range[T]) Meet(o Range[T]) Range[T] {
	return Range[T]{max(r.Min, o.Min), min(r.Max, o.Max)}
}
