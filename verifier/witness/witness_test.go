package witness_test

import (
	"flag"
	"maps"
	"slices"
	"testing"

	"github.com/lockstep-ebpf/lockstep/fuzz/oracle"
	"github.com/lockstep-ebpf/lockstep/verifier/witness"
	"github.com/lockstep-ebpf/lockstep/vm"
)

var (
	firstSeed = flag.Uint64("seed", 1, "seed of the first program")
	unguardN  = flag.Int("unguarded", 150, "harmful programs without a guard to find witnesses for")
	keep      = flag.Bool("inputs", false, "let the search see the inputs that programs were generated with")
	show      = flag.Int("show", 10, "programs without a witness to name")
)

func reference(t testing.TB) *oracle.Reference {
	t.Helper()
	ref, err := oracle.NewReference()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ref.Close() })
	return ref
}

// share counts what was found.
type share struct{ all, found, tries int }

// TestUnguardedProgramsHaveWitnesses takes one guard out of valid programs. Those on which
// some input does harm, as trying shows, must nearly all get a witness from the search,
// which sees neither those inputs nor, without -inputs, those that the program came with.
func TestUnguardedProgramsHaveWitnesses(t *testing.T) {
	t.Logf("seed %d", *firstSeed)
	ref := reference(t)
	u := newUnguarded(ref)
	var total share
	by := map[string]*share{}
	seed := *firstSeed
	for ; total.all < *unguardN; seed++ {
		c, f, kind := u.make(seed)
		if c == nil {
			continue
		}
		if !*keep {
			c.Inputs = nil
		}
		w := witness.Search(c, f, witness.Options{Machine: ref, Seed: seed})
		for _, key := range []string{"guard " + kind, "rule " + f.Rule} {
			if by[key] == nil {
				by[key] = &share{}
			}
			by[key].count(&w)
		}
		total.count(&w)
		switch {
		case w.Answer == witness.Confirmed:
			confirm(t, ref, seed, &w)
		case total.all-total.found <= *show:
			t.Logf("seed %d: %s, %s: %s (reached %v)", seed, kind, f.Rule, &w, w.Reached)
		}
	}
	for _, key := range slices.Sorted(maps.Keys(by)) {
		s := by[key]
		t.Logf("%-28s %5d of %5d", key, s.found, s.all)
	}
	t.Logf("%d of %d have a witness, of seeds up to %d; %d tries each", total.found, total.all, seed, total.tries/total.all)
	if total.found*100 < total.all*90 {
		t.Errorf("%d of %d have a witness, want 90%%", total.found, total.all)
	}
}

func (s *share) count(w *witness.Result) {
	s.all++
	s.tries += w.Tries
	if w.Answer == witness.Confirmed {
		s.found++
	}
}

// confirm runs a witness once more, unwatched.
func confirm(t *testing.T, ref *oracle.Reference, seed uint64, w *witness.Result) {
	t.Helper()
	if w.Harm == witness.Endless {
		return
	}
	outs := ref.Run(w.Case)
	last := outs[len(outs)-1]
	if w.Harm == witness.Faults && (last.Kind != vm.Faulted || last.Fault != w.Outcome.Fault) {
		t.Errorf("seed %d: the witness gives %s, and %s when it runs again", seed, &w.Outcome.Fault, last.Kind)
	}
}
