package num

import "github.com/lockstep-ebpf/lockstep/internal/mutant"

// Normalise makes every part of x as small as the members allow, or returns Bottom
// if there are none. No member is lost, and nothing is left for a second call: this is
// no fixpoint of rules that pass facts between parts, but the best there is, in one
// pass.
//
// First the subregister. Its ranges are cut by sign into segments, and the ends of
// these moved to numbers that have the known low bits. That is the set L of lower
// halves. Then the register: its segments' ends move to the nearest numbers with the
// known high bits and a lower half in L. These ends are members, and so are U and S.
//
// A segment from lo to hi runs over all upper halves in between, and over all of L in
// each of them, but for the first and the last:
//
//	upper half      h          h+1        …          h'
//	           ······├───┤  ├────────┤        ├────┤·····
//	              lo ┘   all of L                  └ hi
//
// So what occurs of L is all of it, or if no upper half lies in between, its end from
// lo on and its beginning up to hi, or if there is one upper half only, what lies
// between lo and hi. Of these pieces the ends are U32 and S32, and the bits are what
// all their members have in common.
func (w Width) Normalise(x Scalar) Scalar {
	w.normalise(&x)
	return x
}

func (w Width) normalise(x *Scalar) {
	if x.Bits.IsBottom() {
		*x = Bottom()
		return
	}
	if x.Bits.IsConst() {
		if w.Contains(*x, x.Bits.Value) {
			*x = w.Const(x.Bits.Value)
		} else {
			*x = Bottom()
		}
		return
	}
	m := w.Sub
	low := lowerHalves{bits: x.Bits.low(m), found: noTnum}
	low.all.cut(x.U32, x.S32, m)
	if !low.tighten() {
		*x = Bottom()
		return
	}
	high := x.Bits.rsh(m)
	upper := noTnum
	var whole, in segments
	in.cut(x.U, x.S, w.Reg)
	for _, seg := range in.at[:in.len] {
		lo, ok := low.up(seg.lo, high, m)
		hi, ok2 := low.down(seg.hi, high, m)
		if !ok || !ok2 || lo > hi {
			continue
		}
		whole.push(lo, hi)
		upper = upper.Join(high.between(lo>>m, hi>>m))
		low.visit(lo, hi, high, m)
	}
	if whole.len == 0 {
		if !mutant.On(mutant.NumEmptyIsKept) {
			*x = Bottom()
		}
		return
	}
	reg, sub := whole.hull(w.Reg), low.hull(m)
	if mutant.On(mutant.NumSubFromUmin) && x.U.Min <= ones(m) {
		sub.u.Min = max(sub.u.Min, x.U.Min)
	}
	*x = Scalar{
		Tnum{upper.Value<<m | low.found.Value, upper.Mask<<m | low.found.Mask},
		reg.u, reg.s, sub.u, sub.s,
	}
}

// lowerHalves is the set L of [Width.Normalise], and what of it occurs.
type lowerHalves struct {
	bits  Tnum
	all   segments // the ends are members
	part  [2]segment
	seen  [2]bool // whether part[i], of all.at[i], is not empty
	found Tnum    // of all that occurs
}

// tighten moves the ends of the segments to members, and reports whether any are left.
func (l *lowerHalves) tighten() bool {
	in := l.all
	l.all.len = 0
	for _, seg := range in.at[:in.len] {
		lo, ok := l.bits.next(seg.lo)
		hi, ok2 := l.bits.prev(seg.hi)
		if ok && ok2 {
			l.all.push(lo, hi)
		}
	}
	return l.all.len > 0
}

// up is the least number that is x or more, has the upper half's bits high and a
// lower half in L.
func (l *lowerHalves) up(x uint64, high Tnum, m uint) (uint64, bool) {
	h, low := x>>m, x&ones(m)
	if high.Contains(h) {
		for _, seg := range l.all.at[:l.all.len] {
			if low <= seg.hi {
				low, _ = l.bits.next(max(low, seg.lo))
				return h<<m | low, true
			}
		}
	}
	h, ok := high.next(h + 1)
	return h<<m | l.all.at[0].lo, ok
}

// down is the greatest number that is x or less, likewise.
func (l *lowerHalves) down(x uint64, high Tnum, m uint) (uint64, bool) {
	h, low := x>>m, x&ones(m)
	if high.Contains(h) {
		for i := l.all.len - 1; i >= 0; i-- {
			if seg := l.all.at[i]; low >= seg.lo {
				low, _ = l.bits.prev(min(low, seg.hi))
				return h<<m | low, true
			}
		}
	}
	if h == 0 {
		return 0, false
	}
	h, ok := high.prev(h - 1)
	return h<<m | l.all.at[l.all.len-1].hi, ok
}

// visit notes the lower halves of the numbers from lo to hi, which are members.
func (l *lowerHalves) visit(lo, hi uint64, high Tnum, m uint) {
	first, last := lo>>m, hi>>m
	if first == last {
		l.take(lo&ones(m), hi&ones(m))
		return
	}
	if second, _ := high.next(first + 1); second < last {
		l.take(0, ones(m))
		return
	}
	l.take(lo&ones(m), ones(m))
	l.take(0, hi&ones(m))
}

// take notes what of L lies between lo and hi.
func (l *lowerHalves) take(lo, hi uint64) {
	for i, seg := range l.all.at[:l.all.len] {
		a, b := max(lo, seg.lo), min(hi, seg.hi)
		if a > b {
			continue
		}
		a, _ = l.bits.next(a)
		if b, _ = l.bits.prev(b); a > b {
			continue
		}
		l.found = l.found.Join(l.bits.between(a, b))
		if l.seen[i] {
			a, b = min(a, l.part[i].lo), max(b, l.part[i].hi)
		}
		l.part[i], l.seen[i] = segment{a, b}, true
	}
}

// hull is the ranges of what was noted.
func (l *lowerHalves) hull(m uint) hull {
	h := newHull()
	for i, seg := range l.part {
		if l.seen[i] {
			h.add(seg.lo, seg.hi, m)
		}
	}
	return h
}
