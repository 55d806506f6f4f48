//go:build mutants

package claims_test

import (
	"flag"
	"strings"
	"testing"
	"time"

	"github.com/lockstep-ebpf/lockstep/fuzz/claims"
	"github.com/lockstep-ebpf/lockstep/fuzz/gen"
	"github.com/lockstep-ebpf/lockstep/fuzz/tape"
	"github.com/lockstep-ebpf/lockstep/internal/mutant"
	"github.com/lockstep-ebpf/lockstep/vm"
)

var hunted = flag.Int("hunted", 1200, "programs to hunt a planted bug with")

// TestPlantedBugsBreakClaims switches the planted bugs of the verifier and its numbers on,
// and runs valid and broken programs until a claim is broken or an accepted program faults.
// What only makes the verifier refuse more, or breaks a rule without a meaning at run time,
// is for other tests.
func TestPlantedBugsBreakClaims(t *testing.T) {
	x, err := claims.New(claims.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer x.Close()
	caught, all := 0, 0
	var missed []string
	for _, m := range mutant.All {
		if !strings.HasPrefix(m.Where, "verifier") {
			continue
		}
		all++
		begun := time.Now()
		mutant.Enable(m.ID)
		n, how := hunt(x)
		mutant.Enable(mutant.None)
		if how == "" {
			missed = append(missed, m.Name)
			continue
		}
		caught++
		t.Logf("%-34s %5d programs, %4.1fs  %s", m.Name, n, time.Since(begun).Seconds(), strings.ReplaceAll(how, "\n", " "))
	}
	t.Logf("%d of %d; not: %v", caught, all, missed)
	if caught < caughtFloor {
		t.Errorf("%d are caught; there were %d", caught, caughtFloor)
	}
}

const caughtFloor = 28

func hunt(x *claims.Target) (programs int, how string) {
	defer func() {
		if r := recover(); r != nil {
			how = "panic"
		}
	}()
	var gens []*gen.Generator
	for _, mix := range gen.Mixes {
		gens = append(gens, gen.New(gen.Options{Mix: mix}))
	}
	var src tape.Source
	for n := range *hunted {
		g := gens[n%len(gens)]
		src.Seed(*seed + uint64(n))
		c := g.Generate
		if n/len(gens)%2 == 0 {
			c = g.Perturb
		}
		for _, o := range x.Run(c(&src)) {
			if o.Kind == vm.Broken {
				return n + 1, o.Reason
			}
		}
	}
	return *hunted, ""
}
