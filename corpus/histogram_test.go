package corpus

import (
	"fmt"
	"math/bits"
	"testing"

	"github.com/lockstep-ebpf/lockstep/spec"
)

// resultCases are results of system calls with their place in the histogram of powers
// of two, or of errors: worked out by hand. Place n has 2^(n-1) to 2^n-1.
var resultCases = []struct {
	result uint64
	failed bool
	place  int
}{
	{0, false, 0},
	{1, false, 1},
	{2, false, 2},
	{3, false, 2},
	{4, false, 3},
	{4095, false, 12},
	{4096, false, 13},
	{0xffff_ffff, false, 32},
	{0x1_0000_0000, false, 33},
	{0x7fff_f000_0000, false, 47},      // mmap
	{1<<63 - 1, false, 63},             // no call returns so much
	{1 << 63, false, 64},               // nor is it an error
	{0xffff_ffff_ffff_f000, false, 64}, // -4096: the last that is none
	{0xffff_ffff_ffff_f001, true, 0},   // -4095: an error that has no place of its own
	{0xffff_ffff_ffff_ffff, true, 1},   // EPERM
	{0xffff_ffff_ffff_fff5, true, 11},  // EAGAIN
	{0xffff_ffff_ffff_ff7b, true, 133}, // EHWPOISON, the last with a place
	{0xffff_ffff_ffff_ff7a, true, 0},   // -134
	{0xffff_ffff_ffff_fe00, true, 0},   // ERESTARTSYS, which a tracepoint may see
	{0xffff_ffff, false, 32},           // not the error that its lower half looks like
	{0xffff_ffff_ffff_f000 - 1, false, 64},
}

type resultState struct {
	results [65]uint64
	errors  [134]uint64
	totals  [5]uint64 // calls, sum, failed, largest, races
}

// add counts a result. The largest is kept, and the sum wraps.
func (r *resultState) add(result uint64, failed bool, place int) step {
	r.totals[0]++
	if failed {
		r.totals[2]++
		r.errors[place]++
	} else {
		r.totals[1] += result
		r.totals[3] = max(r.totals[3], result)
		r.results[place]++
	}
	now := *r
	return step{
		name: fmt.Sprintf("result %#x", result), program: "histogram", context: args(0, result),
		maps: func(o spec.ByteOrder) entries {
			return entries{"results": onOneCPU(o, now.results[:]...), "errors": onOneCPU(o, now.errors[:]...), ".bss": globals(o, now.totals[:]...)}
		},
	}
}

func TestHistogram(t *testing.T) {
	var r resultState
	var steps []step
	for _, c := range resultCases {
		steps = append(steps, r.add(c.result, c.failed, c.place))
	}
	checkSteps(t, "histogram", steps)
	checkStepsKernel(t, "histogram", steps)
}

// TestHistogramModel: random results of all sizes; the place is what math/bits says.
func TestHistogramModel(t *testing.T) {
	rng := random(t)
	var r resultState
	var steps []step
	for range 300 {
		v := rng.Uint64() >> rng.IntN(64)
		if rng.IntN(4) == 0 {
			v = -(v % 5000)
		}
		failed, place := false, bits.Len64(v)
		if e := -int64(v); e > 0 && e <= 4095 {
			failed, place = true, int(e)
			if e >= 134 {
				place = 0
			}
		}
		steps = append(steps, r.add(v, failed, place))
	}
	checkSteps(t, "histogram", steps)
}
