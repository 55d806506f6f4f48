package verifier_test

import (
	"flag"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/lockstep-ebpf/lockstep/verifier"
	"github.com/lockstep-ebpf/lockstep/verifier/release"
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
	objectsParity(t, "objects", 10_000, verifier.Options{}, objectCase)
}

// TestObjectsWithoutPerfmon: so are they for those who may not see addresses.
func TestObjectsWithoutPerfmon(t *testing.T) {
	objectsParity(t, "no perfmon", 9980, verifier.Options{Lacks: release.Perfmon | release.SysAdmin}, objectCase)
}

// TestBrokenObjectsParity: so are such programs with a few bits flipped, but for numbers of which
// more is known here.
func TestBrokenObjectsParity(t *testing.T) {
	objectsParity(t, "broken", 9980, verifier.Options{}, func(seed uint64) *vm.Case {
		return flip(rand.New(rand.NewPCG(seed, 1)), objectCase(seed))
	})
}

// objectsParity compares verdicts. At least so many of 10,000 have to be the kernel's.
func objectsParity(t *testing.T, name string, least int, o verifier.Options, make1 func(seed uint64) *vm.Case) {
	k := openKernel(t)
	t.Logf("seed %d", *firstSeed)
	y := tally{options: o}
	unsupported := 0
	const batch = 100
	for at := 0; at < *objectsN; at += batch {
		var cs []*vm.Case
		for i := range batch {
			cs = append(cs, make1(*firstSeed+uint64(at+i)))
		}
		verdicts := k.VerifyWithout(cs, uint64(o.Lacks))
		for i := range cs {
			if res := verifier.Verify(cs[i], o); res.Verdict == verifier.Unsupported || strings.Contains(verdicts[i].Reason, "missing btf func_info") {
				unsupported++
				continue
			}
			y.add(*firstSeed+uint64(at+i), cs[i], &verdicts[i])
		}
	}
	y.report(t, name)
	t.Logf("%d programs cannot be judged", unsupported)
	n := y.counts[0][0] + y.counts[0][1] + y.counts[1][0] + y.counts[1][1]
	if same := y.counts[0][0] + y.counts[1][1] + y.dead; 10_000*same < least*n {
		t.Errorf("%d of %d verdicts are the kernel's", same, n)
	}
}

// BenchmarkObjects is how long the judgement of such programs takes.
func BenchmarkObjects(b *testing.B) {
	c := objectCase(1)
	for b.Loop() {
		verifier.Verify(c, verifier.Options{})
	}
}
