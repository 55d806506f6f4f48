package num

import (
	"math/rand/v2"
	"testing"
)

// TestNormaliseIsExact compares Normalise with the best abstraction of the members,
// on combinations of all tnums and ranges, consistent or not.
func TestNormaliseIsExact(t *testing.T) {
	t.Logf("-seed=%d", *seed)
	for _, width := range []Width{{3, 1}, {3, 3}, {4, 1}, {4, 2}, {4, 4}, {5, 2}, {6, 3}, {6, 6}} {
		w := worldOf(width)
		r := rand.New(rand.NewPCG(*seed, uint64(width.Reg)))
		n := 200_000
		if *long {
			n *= 100
		}
		for range n {
			x := w.anyParts(r)
			has := w.members(x)
			want, got := w.best(has), w.Normalise(x)
			if got != want {
				t.Fatalf("%v: Normalise(%+v)\n got %+v\nwant %+v", width, x, got, want)
			}
			if again := w.Normalise(got); again != got {
				t.Fatalf("%v: Normalise(%+v) = %+v, want it unchanged", width, got, again)
			}
			for v := range w.size {
				if w.Contains(x, v) != (has>>v&1 == 1) {
					t.Fatalf("%v: Contains(%+v, %d) = %v", width, x, v, w.Contains(x, v))
				}
			}
		}
	}
}

// anyParts is five random parts, which need not have a number in common.
func (w *world) anyParts(r *rand.Rand) Scalar {
	span := func(size uint64) (uint64, uint64) {
		if r.IntN(4) == 0 {
			return 0, size - 1
		}
		a, b := r.Uint64N(size), r.Uint64N(size)
		return min(a, b), max(a, b)
	}
	x := w.Unknown()
	mask := r.Uint64N(w.size) | r.Uint64N(w.size)
	x.Bits = Tnum{r.Uint64N(w.size) &^ mask, mask}
	x.U.Min, x.U.Max = span(w.size)
	lo, hi := span(w.size)
	x.S = Signed{int64(lo) - int64(w.size/2), int64(hi) - int64(w.size/2)}
	low := uint64(1) << w.Sub
	x.U32.Min, x.U32.Max = span(low)
	lo, hi = span(low)
	x.S32 = Signed{int64(lo) - int64(low/2), int64(hi) - int64(low/2)}
	return x
}
