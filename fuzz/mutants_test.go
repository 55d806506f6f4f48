//go:build mutants

package fuzz_test

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/lockstep-ebpf/lockstep/fastvm"
	"github.com/lockstep-ebpf/lockstep/fuzz"
	"github.com/lockstep-ebpf/lockstep/fuzz/gen"
	"github.com/lockstep-ebpf/lockstep/fuzz/oracle"
	"github.com/lockstep-ebpf/lockstep/fuzz/reduce"
	"github.com/lockstep-ebpf/lockstep/internal/mutant"
	"github.com/lockstep-ebpf/lockstep/jit"
	"github.com/lockstep-ebpf/lockstep/reports"
	"github.com/lockstep-ebpf/lockstep/vm"
)

// mostPrograms bounds the hunt.
const mostPrograms = 200_000

// mostInsns bounds the witnesses. Some bugs of the JIT need frames that have been in
// use before.
var mostInsns = map[string]int{"fastvm": 8, "jit": 12, "jit/amd64": 12, "jit/arm64": 12}

// Seeds that the planted bugs are hunted with: each must find each.
var mutantSeeds = []uint64{1, 2, 3}

// TestMutantsAreFoundAndReduced switches every planted bug on, one after the other,
// and fuzzes until it is found.
func TestMutantsAreFoundAndReduced(t *testing.T) {
	oracles := map[string]*oracle.Oracle{}
	for _, e := range []vm.Engine{fastvm.Engine{}, jit.Engine{}} {
		if err := e.Supports(&vm.Program{}); err != nil {
			t.Log(err)
			continue
		}
		all, err := targets(func() vm.Engine { return e })()
		if err != nil {
			t.Fatal(err)
		}
		for _, x := range all {
			defer x.Close()
		}
		oracles[e.Name()] = oracle.New(all)
		oracles[e.Name()+"/"+runtime.GOARCH] = oracles[e.Name()] // of one lowering
	}
	ref, err := oracle.NewReference()
	if err != nil {
		t.Fatal(err)
	}
	defer ref.Close()
	generate := fuzz.ForEngines(gen.Options{})()

	var table strings.Builder
	fmt.Fprintf(&table, "%-26s %4s %8s %8s %6s  %s\n", "planted bug", "seed", "programs", "seconds", "insns", "signature")
	for _, m := range mutant.All {
		o := oracles[m.Where]
		if o == nil {
			continue // another package's test finds it
		}
		t.Run(m.Name, func(t *testing.T) {
			r := &reduce.Reducer{Oracle: o, Reference: ref}
			defer mutant.Enable(mutant.None)
			for _, seed := range mutantSeeds {
				mutant.Enable(m.ID)
				begun := time.Now()
				f, n := huntMutant(o, r, generate, seed)
				seconds := time.Since(begun).Seconds()
				mutant.Enable(mutant.None)
				if f == nil {
					fmt.Fprintf(&table, "%-26s %4d %8d %8.2f %6s  not found\n", m.Name, seed, n, seconds, "")
					t.Errorf("seed %d: %s: not found in %d programs", seed, m.What, n)
					continue
				}
				fmt.Fprintf(&table, "%-26s %4d %8d %8.2f %6d  %s\n", m.Name, seed, n, seconds, f.Insns, f.Signature)
				t.Logf("%s (like %s)\n%s", m.What, m.Like, reports.Render(f))
				if f.Insns > mostInsns[m.Where] {
					t.Errorf("seed %d: %d instructions, want at most %d", seed, f.Insns, mostInsns[m.Where])
				}
				if left := o.Judge(f.Case); len(left) > 0 {
					t.Errorf("seed %d: the witness diverges without the bug too: %v", seed, left[0].Difference)
				}
			}
		})
	}
	t.Logf("found and reduced:\n%s", table.String())
}

func huntMutant(o *oracle.Oracle, r *reduce.Reducer, generate fuzz.Generator, seed uint64) (*reports.Finding, int) {
	for n := range mostPrograms {
		c := generate(fuzz.Stream(seed, uint64(n)))
		for _, m := range o.Judge(c) {
			f := r.Shrink(r.Identify(c, m))
			f.Seed, f.Program, f.Original = seed, uint64(n), reports.CountInsns(c)
			return f, n + 1
		}
	}
	return nil, mostPrograms
}
