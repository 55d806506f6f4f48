package corpus

import (
	"maps"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/lockstep-ebpf/lockstep/spec"
)

// syscallCase is the number of a call, and where it is to be counted.
type syscallCase struct {
	name  string
	id    int64
	where int
}

const inArray, inHash, nowhere = 0, 1, 2

// syscallCases: there is room for 512 common calls and four others.
var syscallCases = []syscallCase{
	{"read on amd64", 0, inArray},
	{"write", 1, inArray},
	{"write again", 1, inArray},
	{"the last common number", 511, inArray},
	{"the first other number", 512, inHash},
	{"a call that a tracer skipped", -1, inHash},
	{"an x32 call", 0x40000001, inHash},
	{"the tracer again", -1, inHash},
	{"a number whose lower half is common", 1<<33 + 1, inHash},
	{"a fifth other number", 513, nowhere},
	{"its neighbour is known", 512, inHash},
	{"the smallest number", -1 << 63, nowhere},
	{"a common one still has its place", 2, inArray},
}

// syscallSteps counts the calls in plain Go. What r1 points to first, the registers,
// is nothing to the program.
func syscallSteps(cases []syscallCase) (steps []step) {
	var calls [512]uint64
	others := map[int64]uint64{}
	var all, lost uint64
	for _, c := range cases {
		all++
		switch c.where {
		case inArray:
			calls[c.id]++
		case inHash:
			others[c.id]++
		case nowhere:
			lost++
		}
		calls, others, all, lost := calls, maps.Clone(others), all, lost
		steps = append(steps, step{
			name: c.name, program: "syscalls", context: args(0xffff_8880_dead_0000, uint64(c.id)),
			maps: func(o spec.ByteOrder) entries {
				return entries{"calls": array(o, calls[:]...), "others": hash(o, others), ".bss": globals(o, all, lost)}
			},
		})
	}
	return steps
}

func TestSyscalls(t *testing.T) {
	steps := syscallSteps(syscallCases)
	checkSteps(t, "syscalls", steps)
	checkStepsKernel(t, "syscalls", steps)
}

// TestSyscallsModel: random numbers, near the borders.
func TestSyscallsModel(t *testing.T) {
	rng := random(t)
	others := map[int64]bool{}
	var cases []syscallCase
	for range 200 {
		c := syscallCase{name: "random", id: int64(rng.IntN(520)) - 4, where: inArray}
		if c.id < 0 || c.id >= 512 {
			c.where = inHash
			if others[c.id] = others[c.id] || len(others) < 4; !others[c.id] {
				delete(others, c.id)
				c.where = nowhere
			}
		}
		cases = append(cases, c)
	}
	checkSteps(t, "syscalls", syscallSteps(cases))
}

// random is a source that prints its seed and takes one.
func random(t *testing.T) *rand.Rand {
	t.Helper()
	if *seed == 0 {
		*seed = uint64(time.Now().UnixNano())
	}
	t.Logf("-seed %d", *seed)
	return rand.New(rand.NewPCG(*seed, 0))
}
