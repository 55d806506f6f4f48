//go:build mutants

package fuzz_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/lockstep-ebpf/lockstep/fastvm"
	"github.com/lockstep-ebpf/lockstep/fuzz"
	"github.com/lockstep-ebpf/lockstep/fuzz/oracle"
	"github.com/lockstep-ebpf/lockstep/fuzz/reduce"
	"github.com/lockstep-ebpf/lockstep/internal/mutant"
	"github.com/lockstep-ebpf/lockstep/jit"
	"github.com/lockstep-ebpf/lockstep/reports"
	"github.com/lockstep-ebpf/lockstep/vm"
)

// The limits of the planted bugs: programs until found, instructions that remain.
const (
	mostPrograms = 200_000
	mostInsns    = 8
	mutantSeed   = 1
)

// needFaults are the planted bugs that no valid program shows.
var needFaults = map[mutant.ID]bool{
	mutant.JITAlign64By4: true, mutant.JITLooksAtHalf: true, mutant.JITFrameTooLong: true, mutant.JITHighHalfIgnored: true,
}

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
	}
	ref, err := oracle.NewReference()
	if err != nil {
		t.Fatal(err)
	}
	defer ref.Close()
	generate := generator()

	var table strings.Builder
	fmt.Fprintf(&table, "%-26s %8s %8s %6s  %s\n", "planted bug", "programs", "seconds", "insns", "signature")
	for _, m := range mutant.All {
		o := oracles[m.Where]
		if o == nil {
			continue // another package's test finds it
		}
		t.Run(m.Name, func(t *testing.T) {
			if needFaults[m.ID] {
				t.Skip("shows in programs that fault only, which the generator does not make yet; the test of package jit finds it")
			}
			r := &reduce.Reducer{Oracle: o, Reference: ref}
			mutant.Enable(m.ID)
			defer mutant.Enable(mutant.None)
			begun := time.Now()
			f, n := huntMutant(o, r, generate)
			seconds := time.Since(begun).Seconds()
			if f == nil {
				fmt.Fprintf(&table, "%-26s %8d %8.2f %6s  not found\n", m.Name, n, seconds, "")
				t.Fatalf("%s: not found in %d programs", m.What, n)
			}
			fmt.Fprintf(&table, "%-26s %8d %8.2f %6d  %s\n", m.Name, n, seconds, f.Insns, f.Signature)
			t.Logf("%s (like %s)\n%s", m.What, m.Like, reports.Render(f))
			if f.Insns > mostInsns {
				t.Errorf("%d instructions, want at most %d", f.Insns, mostInsns)
			}
			mutant.Enable(mutant.None)
			if left := o.Judge(f.Case); len(left) > 0 {
				t.Errorf("the witness diverges without the bug too: %v", left[0].Difference)
			}
		})
	}
	t.Logf("seed %d\n%s", mutantSeed, table.String())
}

func huntMutant(o *oracle.Oracle, r *reduce.Reducer, generate fuzz.Generator) (*reports.Finding, int) {
	for n := range mostPrograms {
		c := generate(fuzz.Stream(mutantSeed, uint64(n)))
		for _, m := range o.Judge(c) {
			f := r.Shrink(r.Identify(c, m))
			f.Seed, f.Program, f.Original = mutantSeed, uint64(n), reports.CountInsns(c)
			return f, n + 1
		}
	}
	return nil, mostPrograms
}
