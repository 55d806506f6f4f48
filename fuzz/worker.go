package fuzz

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/lockstep-ebpf/lockstep/fuzz/oracle"
	"github.com/lockstep-ebpf/lockstep/fuzz/reduce"
	"github.com/lockstep-ebpf/lockstep/spec"
	"github.com/lockstep-ebpf/lockstep/vm"
)

// watched says which programs are watched for coverage: one in so many. Watching
// costs as much as running on another engine.
const watched = 16

// The mismatches of a unit that are looked into: a bug that every second program
// shows would otherwise take all the time. They are drawn by lot, so that a frequent
// bug does not always come before a rare one; and of the rest those are taken whose
// programs have none of the instructions found so far, for these are something else.
const (
	byLot  = 8
	atMost = 32
)

// bench is what a worker works with: targets of its own, and what looks at them.
type bench struct {
	seed     uint64
	generate Generator
	oracle   *oracle.Oracle
	reducer  *reduce.Reducer
	ref      *oracle.Reference
	batched  bool
	counts   []TargetCount // of the unit, by target
}

func newBench(o *Options) (*bench, error) {
	targets, err := o.Targets()
	if err != nil {
		return nil, err
	}
	ref, err := oracle.NewReference()
	if err != nil {
		closeTargets(targets)
		return nil, err
	}
	b := &bench{
		seed: o.Seed, generate: o.Generator(), oracle: oracle.New(targets), ref: ref,
		counts: make([]TargetCount, len(targets)),
	}
	b.reducer = &reduce.Reducer{Oracle: b.oracle, Reference: ref, Budget: o.Budget}
	for _, t := range targets {
		if _, ok := t.(vm.BatchTarget); ok {
			b.batched = true
		}
	}
	return b, nil
}

func closeTargets(targets []vm.Target) (err error) {
	for _, t := range targets {
		err = errors.Join(err, t.Close())
	}
	return err
}

func (b *bench) close() error {
	return errors.Join(closeTargets(b.oracle.Targets), b.ref.Close())
}

// result is what came of a unit.
type result struct {
	unit     uint64
	partial  bool // the campaign was stopped in its midst
	counts   counts
	coverage *Coverage
	found    []hit
	err      error
}

// hit is a mismatch; suspect is what identifying it gave.
type hit struct {
	program  uint64
	found    *vm.Case
	mismatch oracle.Mismatch
	suspect  reduce.Suspect
}

// run carries out a unit of n programs.
func (b *bench) run(ctx context.Context, unit uint64, n int) (r *result) {
	r = &result{unit: unit, coverage: NewCoverage()}
	clear(b.counts)
	if b.batched {
		b.runBatch(ctx, r, n)
	} else {
		for k := range n {
			if ctx.Err() != nil {
				r.partial = true
				break
			}
			program := unit*UnitSize + uint64(k)
			c := b.generate(Stream(b.seed, program))
			b.judge(r, program, c, b.oracle.Run(c))
		}
	}
	b.identify(r)
	r.counts.Targets = map[string]TargetCount{}
	for i, t := range b.oracle.Targets {
		r.counts.Targets[t.Name()] = b.counts[i]
	}
	return r
}

// batch is how many cases a vm.BatchTarget gets at once. They cannot be called back,
// so it bounds how late a campaign ends.
const batch = 64

// runBatch hands cases in batches to those targets that want many at once.
func (b *bench) runBatch(ctx context.Context, r *result, n int) {
	for from := 0; from < n; from += batch {
		if r.partial = ctx.Err() != nil; r.partial {
			return
		}
		cases := make([]*vm.Case, min(batch, n-from))
		first := r.unit*UnitSize + uint64(from)
		for k := range cases {
			cases[k] = reduce.Clone(b.generate(Stream(b.seed, first+uint64(k))))
		}
		if r.err = b.judgeBatch(r, first, cases); r.err != nil {
			return
		}
	}
}

func (b *bench) judgeBatch(r *result, first uint64, cases []*vm.Case) error {
	batches := make([][][]vm.Outcome, len(b.oracle.Targets))
	for i, t := range b.oracle.Targets {
		if many, ok := t.(vm.BatchTarget); ok {
			if batches[i] = many.RunBatch(cases); len(batches[i]) != len(cases) {
				return fmt.Errorf("target %s gave %d outcomes for %d cases", t.Name(), len(batches[i]), len(cases))
			}
		}
	}
	outs := make([][]vm.Outcome, len(batches))
	for k, c := range cases {
		for i := range outs {
			if batches[i] != nil {
				outs[i] = batches[i][k]
			} else {
				outs[i] = b.oracle.RunOn(i, c)
			}
		}
		b.judge(r, first+uint64(k), c, outs)
	}
	return nil
}

// judge counts the outcomes of a program and notes its mismatches.
func (b *bench) judge(r *result, program uint64, c *vm.Case, outs [][]vm.Outcome) {
	r.counts.Programs++
	accepted, supported := true, true
	for i := range outs {
		b.counts[i].count(outs[i])
		if len(outs[i]) > 0 && outs[i][0].Kind == vm.LoadUnsupported {
			supported = false
		}
		accepted = accepted && oracle.Accepted(outs[i])
	}
	if accepted {
		r.counts.Accepted++
	}
	if !supported {
		r.counts.Unsupported++
	}
	mismatches := b.oracle.Compare(c, outs)
	if len(mismatches) > 0 {
		r.counts.Mismatches++
	}
	for _, m := range mismatches {
		r.found = append(r.found, hit{program: program, found: reduce.Clone(c), mismatch: m})
	}
	if accepted && program%watched == 0 {
		r.coverage.Watch(b.ref, c)
	}
}

// identify finds out what the mismatches come from; those that it does not look into
// are dropped. It runs the targets again, which ends the life of their outcomes.
func (b *bench) identify(r *result) {
	lot := func(h hit) uint64 { return Stream(^b.seed, h.program) }
	slices.SortStableFunc(r.found, func(x, y hit) int { return cmp.Compare(lot(x), lot(y)) })
	known := map[string]bool{}
	taken := r.found[:0]
	for _, h := range r.found {
		if len(taken) == atMost || len(taken) >= byLot && containsAny(h.found, known) {
			continue
		}
		h.suspect = b.reducer.Identify(h.found, h.mismatch)
		known[h.suspect.Signature.Insn] = true
		taken = append(taken, h)
	}
	r.found = taken
	slices.SortStableFunc(r.found, func(x, y hit) int { return cmp.Compare(x.program, y.program) })
}

// containsAny reports whether a case has an instruction of one of the rows.
func containsAny(c *vm.Case, rows map[string]bool) bool {
	for _, p := range c.Programs {
		for _, i := range p.Insns {
			if row := spec.Lookup(i); row != nil && rows[row.Name] {
				return true
			}
		}
	}
	return false
}

func (t *TargetCount) count(outs []vm.Outcome) {
	t.Programs++
	for i := range outs {
		switch outs[i].Kind {
		case vm.LoadUnsupported:
			t.Unsupported++
			return
		case vm.LoadRejected:
			t.Rejected++
			return
		case vm.Crash:
			t.Crashes++
			return
		}
	}
}
