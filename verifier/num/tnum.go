package num

import (
	"fmt"
	"math/bits"

	"github.com/lockstep-ebpf/lockstep/internal/mutant"
)

// Tnum is a tristate number: of each bit it says 0, 1 or unknown. A bit set in Mask
// is unknown; elsewhere Value has the bit. So 10?1 is Value 1001, Mask 0010.
//
// The domain and its operators are those of Vishwanathan, Shachnai, Narayana and
// Nagarakatte, "Sound, Precise, and Fast Abstract Interpretation with Tristate
// Numbers", CGO 2022.
//
// Value and Mask have no bit in common, but for the one that stands for no number
// at all. The zero Tnum is the number 0.
type Tnum struct{ Value, Mask uint64 }

// noTnum contains nothing.
var noTnum = Tnum{^uint64(0), ^uint64(0)}

// anyTnum contains every n-bit number.
func anyTnum(n uint) Tnum { return Tnum{Mask: ones(n)} }

// IsBottom reports whether no number has this shape.
func (t Tnum) IsBottom() bool { return t.Value&t.Mask != 0 }

// IsConst reports whether all bits are known.
func (t Tnum) IsConst() bool { return t.Mask == 0 }

// Contains reports whether x has the known bits.
func (t Tnum) Contains(x uint64) bool { return x&^t.Mask == t.Value }

// Subsumes reports whether t contains all that o does.
func (t Tnum) Subsumes(o Tnum) bool {
	if mutant.On(mutant.NumSubsumesInverted) {
		t, o = o, t
	}
	return o.IsBottom() || o.Mask&^t.Mask == 0 && o.Value&^t.Mask == t.Value
}

// Join is the least tnum that contains both: what both know, and agree on.
func (t Tnum) Join(o Tnum) Tnum {
	switch {
	case t.IsBottom():
		return o
	case o.IsBottom():
		return t
	}
	mask := t.Mask | o.Mask | (t.Value ^ o.Value)
	if mutant.On(mutant.NumJoinIgnoresValue) {
		mask = t.Mask | o.Mask
	}
	return Tnum{t.Value &^ mask, mask}
}

// Meet is what t and o have in common: a bit is known if one of them knows it.
func (t Tnum) Meet(o Tnum) Tnum {
	if (t.Value^o.Value)&^(t.Mask|o.Mask) != 0 && !mutant.On(mutant.NumMeetIgnoresConflict) {
		return noTnum
	}
	mask := t.Mask & o.Mask
	return Tnum{(t.Value | o.Value) &^ mask, mask}
}

// String writes a tnum as the kernel's log does, value and mask.
func (t Tnum) String() string { return fmt.Sprintf("(%#x; %#x)", t.Value, t.Mask) }

// low is the tnum of the low n bits.
func (t Tnum) low(n uint) Tnum { return Tnum{t.Value & ones(n), t.Mask & ones(n)} }

// possible is every bit that may be set.
func (t Tnum) possible() uint64 { return t.Value | t.Mask }

// next is the least member that is x or more.
//
//	t     1 ? 0 ? 1        the highest known bit that x gets wrong decides:
//	x     1 0 0 0 0        x has 0 there: set it, and the free bits below are 0
//	next  1 0 0 0 1
//	x     1 0 1 1 0        x has 1 there: count up in the free bits above
//	next  1 1 0 0 1
func (t Tnum) next(x uint64) (uint64, bool) {
	wrong := (x ^ t.Value) &^ t.Mask
	if wrong == 0 {
		return x, true
	}
	at := bits.Len64(wrong) - 1
	below := uint64(2)<<at - 1
	if x>>at&1 == 0 {
		return x&t.Mask&^below | t.Value, true
	}
	up := (x | ^t.Mask | below) + 1 // the carry runs through all bits that are not free
	return up&t.Mask | t.Value, up != 0
}

// prev is the greatest member that is x or less: next, seen from above.
func (t Tnum) prev(x uint64) (uint64, bool) {
	y, ok := Tnum{^t.possible(), t.Mask}.next(^x)
	return ^y, ok
}

// between is the best tnum of the members from lo to hi, which are members. Where lo
// and hi first differ, one is followed by any bits up to all free ones set, and the
// other by any from all clear: so exactly the bits above are fixed.
func (t Tnum) between(lo, hi uint64) Tnum {
	free := uint64(1)<<bits.Len64(lo^hi) - 1
	return Tnum{lo&^free | t.Value&free, t.Mask & free}
}
