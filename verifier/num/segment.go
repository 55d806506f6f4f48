package num

import "github.com/lockstep-ebpf/lockstep/internal/mutant"

// segment is the unsigned numbers from lo to hi, lo ≤ hi.
type segment struct{ lo, hi uint64 }

// segments is one or two segments, in ascending order: what an unsigned and a signed
// range allow together. The first has the sign bit clear and the second has it set;
// either may be missing. Within a segment signed and unsigned order agree, so
// operators work on segments and need not think of signs.
//
//	Unsigned   ├────────────────────────────┤
//	Signed   ──────────┤             ├──────────
//	         0         MAX           MIN       2ⁿ−1
//	segments   ├───────┤             ├──────┤
type segments struct {
	at  [2]segment
	len int
}

// cut makes a the n-bit numbers that lie in u and in s.
func (a *segments) cut(u Unsigned, s Signed, n uint) {
	a.len = 0
	if s.Max >= 0 {
		a.push(max(u.Min, uint64(max(s.Min, 0))), min(u.Max, uint64(s.Max)))
	}
	if s.Min < 0 {
		lo, hi := uint64(s.Min)&ones(n), ones(n)
		if s.Max < 0 {
			hi = uint64(s.Max) & hi
		}
		a.push(max(u.Min, lo), min(u.Max, hi))
	}
}

// halves is cut, of new segments.
func halves(u Unsigned, s Signed, n uint) (a segments) {
	a.cut(u, s, n)
	return a
}

// push appends the numbers from lo to hi, if there are any.
func (a *segments) push(lo, hi uint64) {
	if lo <= hi {
		a.at[a.len] = segment{lo, hi}
		a.len++
	}
}

// hull collects the least unsigned and the least signed range of all that is put in.
type hull struct {
	u Unsigned
	s Signed
}

func newHull() hull { return hull{noUnsigned, noSigned} }

// add puts in the n-bit numbers from lo upwards to hi, round the corner if need be.
//
//	        lo ≤ hi, one sign    lo ≤ hi, over the middle    hi < lo, over 0
//	        ·├──┤···|·······     ····├───|───┤····           ──┤·····|·····├──
//	u       [lo, hi]             [lo, hi]                    all
//	s       [lo, hi]             all                         [lo, hi]
func (h *hull) add(lo, hi uint64, n uint) {
	if lo <= hi {
		h.u = h.u.Join(Unsigned{lo, hi})
	} else {
		h.u = anyUnsigned(n)
	}
	slo, shi := signed(lo, n), signed(hi, n)
	if mutant.On(mutant.NumSignedFromUnsigned) && lo <= hi {
		slo, shi = min(slo, shi), max(slo, shi)
	}
	if slo <= shi {
		h.s = h.s.Join(Signed{slo, shi})
	} else {
		h.s = anySigned(n)
	}
}

// addLong puts in the numbers from lo to lo+span, as n-bit numbers: all of them if
// that is once round or more.
func (h *hull) addLong(lo, span uint64, n uint) {
	if span >= ones(n) && !mutant.On(mutant.NumAddOverflowMissed) {
		h.u, h.s = anyUnsigned(n), anySigned(n)
		return
	}
	h.add(lo&ones(n), (lo+span)&ones(n), n)
}

// hull is the ranges of a.
func (a *segments) hull(n uint) hull {
	h := newHull()
	for _, x := range a.at[:a.len] {
		h.add(x.lo, x.hi, n)
	}
	return h
}

// isNeg reports whether the segment's numbers have the sign bit.
func (x segment) isNeg(n uint) bool { return x.lo >= signBit(n) }

// magnitude is the range of absolute values.
func (x segment) magnitude(n uint) segment {
	if x.isNeg(n) {
		return segment{-x.hi & ones(n), -x.lo & ones(n)}
	}
	return x
}
