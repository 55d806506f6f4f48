package verifier_test

import (
	"flag"
	"math/rand/v2"
	"testing"

	"github.com/lockstep-ebpf/lockstep/verifier"
	"github.com/lockstep-ebpf/lockstep/vm"
)

var (
	objectsN    = flag.Int("objects", 1500, "random programs about objects of the kernel's")
	objectSteps = flag.Int("steps", 9, "steps that such a program has at most")
)

func objectCase(seed uint64) *vm.Case {
	g := &objectGen{rnd: rand.New(rand.NewPCG(seed, 0))}
	return g.make1(*objectSteps)
}

// TestObjectsParity: random programs about sockets, locks, timers, dynptrs and callbacks are
// judged as by the kernel, and most of them for the same reason.
func TestObjectsParity(t *testing.T) {
	k := openKernel(t)
	var y tally
	unsupported := 0
	const batch = 100
	for at := 0; at < *objectsN; at += batch {
		var cs []*vm.Case
		for i := range batch {
			cs = append(cs, objectCase(*firstSeed+uint64(at+i)))
		}
		verdicts := k.Verify(cs)
		for i := range cs {
			if res := verifier.Verify(cs[i], verifier.Options{}); res.Verdict == verifier.Unsupported {
				unsupported++
				continue
			}
			y.add(*firstSeed+uint64(at+i), cs[i], &verdicts[i])
		}
	}
	y.report(t, "objects")
	t.Logf("%d programs cannot be judged", unsupported)
	if n := y.counts[0][1] + y.counts[1][0]; n > 0 {
		t.Errorf("%d verdicts differ; the first seed was %d", n, *firstSeed)
	}
}

// BenchmarkObjects is how long the judgement of such programs takes.
func BenchmarkObjects(b *testing.B) {
	c := objectCase(1)
	for b.Loop() {
		verifier.Verify(c, verifier.Options{})
	}
}
