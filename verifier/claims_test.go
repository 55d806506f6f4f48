package verifier_test

import (
	"testing"

	"github.com/lockstep-ebpf/lockstep/fuzz/claims"
	"github.com/lockstep-ebpf/lockstep/fuzz/gen"
	"github.com/lockstep-ebpf/lockstep/fuzz/tape"
	"github.com/lockstep-ebpf/lockstep/vm"
)

// watched is a reference VM that holds every run against what the verifier claims.
type watched struct{ *claims.Target }

func watch(t testing.TB) *watched {
	t.Helper()
	x, err := claims.New(claims.Options{Insns: claimLimit})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { x.Close() })
	return &watched{x}
}

// judge runs an accepted case and says what is wrong: a fault, or a claim that is false.
func (x *watched) judge(c *vm.Case) (steps uint64, wrong string) {
	for _, o := range x.Run(c) {
		steps += o.Steps
		if o.Kind == vm.Broken && wrong == "" {
			wrong = o.Reason
		}
	}
	return steps, wrong
}

// claimLimit is how long a verification may be for its claims to be kept.
const claimLimit = 20_000

// TestClaimsHold runs valid and broken programs that the verifier accepts: none faults,
// and every live register is at every step what was claimed.
func TestClaimsHold(t *testing.T) {
	t.Logf("seed %d", *firstSeed)
	x := watch(t)
	for _, mix := range mixes() {
		g := gen.New(gen.Options{Mix: mix})
		for _, how := range []struct {
			name string
			make func(*tape.Source) *vm.Case
		}{{"valid", g.Generate}, {"broken", g.Perturb}} {
			ran, bad, steps := 0, 0, uint64(0)
			var src tape.Source
			for seed := *firstSeed; seed < *firstSeed+uint64(*runN); seed++ {
				src.Seed(seed)
				n, wrong := x.judge(how.make(&src))
				if steps += n; n > 0 {
					ran++
				}
				if wrong != "" {
					if bad++; bad <= *show {
						t.Errorf("mix %s, %s, seed %d: %s", mix.Name, how.name, seed, wrong)
					}
				}
			}
			t.Logf("%-10s %-6s %d accepted and run, %d steps, %d broken", mix.Name, how.name, ran, steps, bad)
			if how.name == "valid" && ran*2 < *runN {
				t.Errorf("mix %s: only %d of %d were run", mix.Name, ran, *runN)
			}
		}
	}
}
