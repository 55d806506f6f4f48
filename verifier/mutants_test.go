//go:build mutants

package verifier_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/lockstep-ebpf/lockstep/fuzz/gen"
	"github.com/lockstep-ebpf/lockstep/fuzz/tape"
	"github.com/lockstep-ebpf/lockstep/internal/mutant"
	"github.com/lockstep-ebpf/lockstep/verifier"
)

// caughtFloor is how many of the planted bugs have to be found by running programs and by
// the cases of testdata alone, that is without a kernel.
const caughtFloor = 49

// TestMutantsAreCaught switches every planted bug of the verifier on, and looks which of
// three sees it: a run that faults or breaks a claim, a case of testdata whose verdict
// changes, a kernel test whose verdict changes.
func TestMutantsAreCaught(t *testing.T) {
	if !mutant.Built {
		t.Skip("needs -tags mutants")
	}
	x := watch(t)
	caught := 0
	var missed []string
	for _, m := range mutant.All {
		if !strings.HasPrefix(m.Name, "verifier-") {
			continue
		}
		mutant.Enable(m.ID)
		start := time.Now()
		how := caughtBy(t, x)
		mutant.Enable(mutant.None)
		if how == "" {
			missed = append(missed, m.Name)
			continue
		}
		caught++
		t.Logf("%-36s %5.1fs  %s", m.Name, time.Since(start).Seconds(), how)
	}
	t.Logf("%d caught; not: %v", caught, missed)
	if caught < caughtFloor {
		t.Errorf("%d are caught; there were %d", caught, caughtFloor)
	}
}

func caughtBy(t *testing.T, x *watched) (how string) {
	defer func() {
		if r := recover(); r != nil {
			how = fmt.Sprintf("panic: %v", r)
		}
	}()
	for _, v := range readVerdicts(t) {
		if wrong := v.wrong(); wrong != "" {
			return "case " + v.name + ": " + wrong
		}
	}
	var src tape.Source
	gens := []*gen.Generator{gen.New(gen.Options{}), gen.New(gen.Options{Mix: gen.Packet}), gen.New(gen.Options{Mix: gen.Calls}), gen.New(gen.Options{Mix: gen.Memory})}
	for seed := *firstSeed; seed < *firstSeed+uint64(4*(*runN)); seed++ {
		g := gens[seed%4]
		src.Seed(seed)
		if _, wrong := x.judge(g.Perturb(&src)); wrong != "" {
			return "broken program: " + strings.ReplaceAll(wrong, "\n", " ")
		}
		src.Seed(seed)
		c := g.Generate(&src)
		if _, wrong := x.judge(c); wrong != "" {
			return "valid program: " + strings.ReplaceAll(wrong, "\n", " ")
		}
		if res := verifier.Verify(c, verifier.Options{}); res.Verdict != verifier.Accepted {
			return "valid program refused: " + res.Failure.Text
		}
	}
	return ""
}
