package verifier_test

import (
	"math/rand/v2"
	"testing"

	"github.com/lockstep-ebpf/lockstep/fuzz/gen"
	"github.com/lockstep-ebpf/lockstep/fuzz/tape"
	"github.com/lockstep-ebpf/lockstep/verifier"
	"github.com/lockstep-ebpf/lockstep/vm"
)

// TestPruningChangesNoVerdict: whether states are compared in full or as needed, the
// verdict is the same, limits aside. What is accepted only when less is compared was
// pruned where it should not have been.
func TestPruningChangesNoVerdict(t *testing.T) {
	t.Logf("seed %d", *firstSeed)
	r := rand.New(rand.NewPCG(*firstSeed, 2))
	for _, mix := range mixes() {
		g := gen.New(gen.Options{Mix: mix})
		var src tape.Source
		differ, whole, needed := 0, 0, 0
		for i := range *runN {
			seed := *firstSeed + uint64(i)
			src.Seed(seed)
			c := g.Perturb(&src)
			if i%2 == 1 {
				c = randomProgram(r)
			}
			a, b := judgeBoth(c)
			needed += a.Processed
			whole += b.Processed
			if a.Verdict == b.Verdict || a.Verdict == verifier.TooComplex || b.Verdict == verifier.TooComplex {
				continue
			}
			if differ++; differ <= *show {
				t.Errorf("mix %s, seed %d: as needed %s %v, in full %s %v", mix.Name, seed, a.Verdict, a.Failure, b.Verdict, b.Failure)
			}
		}
		t.Logf("%-10s %d instructions as needed, %d in full", mix.Name, needed, whole)
	}
}

func judgeBoth(c *vm.Case) (needed, whole verifier.Result) {
	const limit = 200_000
	return verifier.Verify(c, verifier.Options{MaxInsns: limit}), verifier.Verify(c, verifier.Options{MaxInsns: limit, Exact: true})
}
