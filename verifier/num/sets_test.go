package num

import (
	"flag"
	"math/bits"
	"math/rand/v2"
	"slices"
	"sync"
	"time"
)

var (
	seed = flag.Uint64("seed", uint64(time.Now().UnixNano()), "of the random tests")
	long = flag.Bool("long", false, "go through all inputs where the tests take a share")
)

// set is a set of numbers of up to 6 bits: bit x for x.
type set uint64

// world is a small machine, with everything about it in tables.
type world struct {
	Width
	size    uint64 // how many numbers there are
	bitSets []set  // by bit: the numbers that have it
	signSet set    // the numbers with the sign bit
	subSets []set  // by value of the subregister: the numbers that have it
}

func newWorld(w Width) *world {
	wd := &world{Width: w, size: 1 << w.Reg}
	wd.bitSets = make([]set, w.Reg)
	wd.subSets = make([]set, 1<<w.Sub)
	for x := range wd.size {
		for b := range w.Reg {
			if x>>b&1 == 1 {
				wd.bitSets[b] |= 1 << x
			}
		}
		wd.subSets[x&ones(w.Sub)] |= 1 << x
	}
	wd.signSet = wd.bitSets[w.Reg-1]
	return wd
}

func (w *world) all() set { return set(^uint64(0) >> (64 - w.size)) }

// members are the numbers that each part of x allows: the definition, part by part,
// without Scalar.Contains.
func (w *world) members(x Scalar) set {
	if x.Bits.Value&x.Bits.Mask != 0 {
		return 0
	}
	out := w.all()
	for b := range w.Reg {
		if x.Bits.Mask>>b&1 == 0 {
			if x.Bits.Value>>b&1 == 1 {
				out &= w.bitSets[b]
			} else {
				out &^= w.bitSets[b]
			}
		}
	}
	out &= interval(x.U.Min, x.U.Max)
	var s set
	if half := w.size / 2; true {
		// Move the signed range up by half the numbers, take it, and turn it round.
		up := interval(uint64(x.S.Min+int64(half)), uint64(x.S.Max+int64(half)))
		if x.S.Min <= x.S.Max {
			s = up>>half | up<<half
		}
	}
	out &= s
	var sub set
	for v, these := range w.subSets {
		sv := signed(uint64(v), w.Sub)
		if uint64(v) >= x.U32.Min && uint64(v) <= x.U32.Max && sv >= x.S32.Min && sv <= x.S32.Max {
			sub |= these
		}
	}
	return out & sub
}

func interval(lo, hi uint64) set {
	if lo > hi {
		return 0
	}
	return set(^uint64(0) << lo & (^uint64(0) >> (63 - hi)))
}

// best is the best abstraction of a set: each part is the least with all of it.
func (w *world) best(a set) Scalar {
	if a == 0 {
		return Bottom()
	}
	var x Scalar
	for b, have := range w.bitSets {
		switch {
		case a&have == a:
			x.Bits.Value |= 1 << b
		case a&have != 0:
			x.Bits.Mask |= 1 << b
		}
	}
	x.U, x.S = w.ranges(a, w.Reg)
	var low set
	for v, these := range w.subSets {
		if a&these != 0 {
			low |= 1 << v
		}
	}
	x.U32, x.S32 = w.ranges(low, w.Sub)
	return x
}

// ranges are the least ranges of a set of n-bit numbers.
func (w *world) ranges(a set, n uint) (Unsigned, Signed) {
	u := Unsigned{first(a), last(a)}
	half := uint64(1) << (n - 1)
	pos, neg := a&set(1<<half-1), a>>half
	s := Signed{int64(u.Min), int64(u.Max)}
	if neg != 0 {
		s.Min = int64(first(neg)) - int64(half)
		s.Max = int64(last(neg)) - int64(half)
		if pos != 0 {
			s.Max = int64(last(pos))
		}
	}
	return u, s
}

func first(a set) uint64 { return uint64(bits.TrailingZeros64(uint64(a))) }
func last(a set) uint64  { return uint64(bits.Len64(uint64(a)) - 1) }
func size(a set) int     { return bits.OnesCount64(uint64(a)) }

// abstract is a normal scalar and its members.
type abstract struct {
	Scalar
	set set
}

// every is each set of numbers that a scalar of w can describe, but the empty one,
// as its best abstraction.
func (w *world) every() []abstract {
	sets := map[set]bool{w.all(): true}
	narrow := func(by []set) {
		next := map[set]bool{}
		for a := range sets {
			for _, b := range by {
				next[a&b] = true
			}
		}
		sets = next
	}
	narrow(w.tnums())
	full := w.Unknown()
	var u, s, u32, s32 []set
	for lo := range w.size {
		for hi := lo; hi < w.size; hi++ {
			x, y := full, full
			x.U = Unsigned{lo, hi}
			y.S = Signed{int64(lo) - int64(w.size/2), int64(hi) - int64(w.size/2)}
			u, s = append(u, w.members(x)), append(s, w.members(y))
		}
	}
	for lo := range uint64(1) << w.Sub {
		for hi := lo; hi < 1<<w.Sub; hi++ {
			x, y := full, full
			x.U32 = Unsigned{lo, hi}
			y.S32 = Signed{int64(lo) - 1<<(w.Sub-1), int64(hi) - 1<<(w.Sub-1)}
			u32, s32 = append(u32, w.members(x)), append(s32, w.members(y))
		}
	}
	narrow(u)
	narrow(s)
	narrow(u32)
	narrow(s32)
	delete(sets, 0)
	var out []abstract
	for _, a := range sorted(sets) {
		out = append(out, abstract{w.best(a), a})
	}
	return out
}

func (w *world) tnums() (out []set) {
	x := w.Unknown()
	for mask := range w.size {
		for value := range w.size {
			if value&mask == 0 {
				x.Bits = Tnum{value, mask}
				out = append(out, w.members(x))
			}
		}
	}
	return out
}

// random is a random normal scalar of w: parts that have a number in common, or the
// join of a few numbers.
func (w *world) random(r *rand.Rand) abstract {
	x := w.best(1 << r.Uint64N(w.size))
	for range r.IntN(6) {
		a := w.Unknown()
		v := x.U.Min
		switch r.IntN(6) {
		case 0:
			mask := r.Uint64N(w.size) & r.Uint64N(w.size)
			a.Bits = Tnum{v &^ mask, mask}
		case 1:
			a.U = Unsigned{r.Uint64N(v + 1), v + r.Uint64N(w.size-v)}
		case 2:
			half := int64(w.size / 2)
			a.S = Signed{x.S.Min - r.Int64N(x.S.Min+half+1), x.S.Max + r.Int64N(half-x.S.Max)}
		case 3:
			low := uint64(1) << w.Sub
			a.U32 = Unsigned{r.Uint64N(x.U32.Min + 1), x.U32.Max + r.Uint64N(low-x.U32.Max)}
		case 4:
			half := int64(1) << (w.Sub - 1)
			a.S32 = Signed{x.S32.Min - r.Int64N(x.S32.Min+half+1), x.S32.Max + r.Int64N(half-x.S32.Max)}
		case 5:
			a = w.best(1 << r.Uint64N(w.size))
		}
		if r.IntN(3) == 0 {
			if both := w.best(w.members(x) & w.members(a)); !both.IsBottom() {
				x = both
			}
		} else {
			x = w.best(w.members(x) | w.members(a))
		}
	}
	if r.IntN(2) == 0 { // many are near the top; thin them out
		a := w.members(x) & set(r.Uint64()) & set(r.Uint64())
		if a != 0 {
			x = w.best(a)
		}
	}
	return abstract{x, w.members(x)}
}

var (
	worldsMu sync.Mutex
	scalars  = map[Width][]abstract{}
)

// everyOf is w.every, computed once.
func everyOf(w *world) []abstract {
	worldsMu.Lock()
	defer worldsMu.Unlock()
	if scalars[w.Width] == nil {
		scalars[w.Width] = w.every()
	}
	return scalars[w.Width]
}

func sorted(sets map[set]bool) []set {
	out := make([]set, 0, len(sets))
	for a := range sets {
		out = append(out, a)
	}
	slices.Sort(out)
	return out
}
