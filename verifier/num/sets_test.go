package num

import (
	"flag"
	"maps"
	"math/bits"
	"math/rand/v2"
	"slices"
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
	subSets []set  // by value of the subregister: the numbers that have it
	tnums   map[Tnum]set
	u, u32  map[Unsigned]set
	s, s32  map[Signed]set
	memo    []Scalar // best, by set, at up to 4 bits
	known   []bool
}

func newWorld(w Width) *world {
	wd := &world{Width: w, size: 1 << w.Reg, tnums: map[Tnum]set{}}
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
	for mask := range wd.size {
		for value := range wd.size {
			if value&mask == 0 {
				wd.tnums[Tnum{value, mask}] = wd.withBits(value, mask)
			}
		}
	}
	whole := func(in set) set { return in }
	wd.u, wd.s = rangesOf(w.Reg, whole)
	wd.u32, wd.s32 = rangesOf(w.Sub, func(in set) (out set) {
		for v, these := range wd.subSets {
			if in>>v&1 == 1 {
				out |= these
			}
		}
		return out
	})
	if w.Reg <= 4 {
		wd.memo, wd.known = make([]Scalar, 1<<wd.size), make([]bool, 1<<wd.size)
	}
	return wd
}

// withBits is the numbers that have the bits of value, where mask has none.
func (w *world) withBits(value, mask uint64) set {
	out := w.all()
	for b := range w.Reg {
		switch {
		case mask>>b&1 == 1:
		case value>>b&1 == 1:
			out &= w.bitSets[b]
		default:
			out &^= w.bitSets[b]
		}
	}
	return out
}

// rangesOf is the numbers in each unsigned and each signed range of n bits, all that
// have such a value if the register is wider.
func rangesOf(n uint, having func(set) set) (map[Unsigned]set, map[Signed]set) {
	u, s := map[Unsigned]set{}, map[Signed]set{}
	size := uint64(1) << n
	half := int64(size / 2)
	for lo := range size {
		for hi := lo; hi < size; hi++ {
			these := interval(lo, hi)
			u[Unsigned{lo, hi}] = having(these)
			// Signed order is unsigned order, turned round by half the numbers.
			turned := these>>half | these<<half
			s[Signed{int64(lo) - half, int64(hi) - half}] = having(turned & interval(0, size-1))
		}
	}
	return u, s
}

func (w *world) all() set { return set(^uint64(0) >> (64 - w.size)) }

// members are the numbers that each part of x allows: the definition, part by part,
// without Scalar.Contains. What is no part of a scalar of this machine allows none.
func (w *world) members(x Scalar) set {
	return w.tnums[x.Bits] & w.u[x.U] & w.s[x.S] & w.u32[x.U32] & w.s32[x.S32]
}

func interval(lo, hi uint64) set {
	if lo > hi {
		return 0
	}
	return set(^uint64(0) << lo & (^uint64(0) >> (63 - hi)))
}

// best is the best abstraction of a set: each part is the least with all of it.
func (w *world) best(a set) Scalar {
	if w.memo == nil {
		return w.abstraction(a)
	}
	if !w.known[a] {
		w.memo[a], w.known[a] = w.abstraction(a), true
	}
	return w.memo[a]
}

func (w *world) abstraction(a set) Scalar {
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
	narrow(slices.Collect(maps.Values(w.tnums)))
	narrow(slices.Collect(maps.Values(w.u)))
	narrow(slices.Collect(maps.Values(w.s)))
	narrow(slices.Collect(maps.Values(w.u32)))
	narrow(slices.Collect(maps.Values(w.s32)))
	delete(sets, 0)
	var out []abstract
	for _, a := range slices.Sorted(maps.Keys(sets)) {
		out = append(out, abstract{w.best(a), a})
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

// worldOf is newWorld, and everyOf w.every, each made once.
func worldOf(w Width) *world {
	if worlds[w] == nil {
		worlds[w] = newWorld(w)
	}
	return worlds[w]
}

func everyOf(w *world) []abstract {
	if scalars[w.Width] == nil {
		scalars[w.Width] = w.every()
	}
	return scalars[w.Width]
}

var (
	worlds  = map[Width]*world{}
	scalars = map[Width][]abstract{}
)
