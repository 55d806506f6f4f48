package oracle

import (
	"fmt"

	"github.com/lockstep-ebpf/lockstep/refvm"
	"github.com/lockstep-ebpf/lockstep/reports"
	"github.com/lockstep-ebpf/lockstep/vm"
)

// Oracle compares targets. It is for one goroutine.
type Oracle struct {
	Targets []vm.Target

	outcomes [][]vm.Outcome
	found    []Mismatch
	states   [2]state
	visits   visits // of the last case whose fuel may be charged in bulk
}

// New makes an oracle over targets, of which the first is preferred as reference.
func New(targets []vm.Target) *Oracle {
	return &Oracle{Targets: targets, outcomes: make([][]vm.Outcome, len(targets))}
}

// Mismatch is a disagreement of target B with the reference A, by number. They
// are in order: A < B.
type Mismatch struct {
	A, B       int
	Input      int
	Kind       reports.Kind
	Difference vm.Difference
}

// Judge runs a case on all targets and compares. What it returns is valid until
// the next call.
func (o *Oracle) Judge(c *vm.Case) []Mismatch {
	return o.Compare(c, o.Run(c))
}

// Run runs a case on all targets.
func (o *Oracle) Run(c *vm.Case) [][]vm.Outcome {
	for i := range o.Targets {
		o.outcomes[i] = o.RunOn(i, c)
	}
	return o.outcomes
}

// RunOn runs a case on target i. An engine that panics has crashed.
func (o *Oracle) RunOn(i int, c *vm.Case) (outs []vm.Outcome) {
	defer func() {
		if p := recover(); p != nil {
			outs = c.Every(vm.Result{Kind: vm.Crash, Reason: fmt.Sprintf("panic: %v", p)})
		}
	}()
	if t := engineOf(o.Targets[i]); t != nil {
		if ref, ok := t.Engine().(*refvm.Engine); ok && counts(c, ref) {
			defer o.visits.count(ref)()
		}
	}
	return o.Targets[i].Run(c)
}

// Pair runs a case on two of the targets and compares these.
func (o *Oracle) Pair(c *vm.Case, a, b int) (Mismatch, bool) {
	o.visits = o.visits[:0] // of another case
	x := o.RunOn(a, c)
	y := o.RunOn(b, c)
	return o.pair(c, a, b, x, y)
}

// Accepted reports whether a target loaded the case that it gave these outcomes
// for.
func Accepted(outs []vm.Outcome) bool {
	return len(outs) > 0 && outs[0].Kind != vm.LoadRejected && outs[0].Kind != vm.LoadUnsupported
}

// Compare looks for the first mismatch of each target with the reference, given
// the outcomes of all targets. What it returns is valid until the next call.
func (o *Oracle) Compare(c *vm.Case, outs [][]vm.Outcome) []Mismatch {
	o.found = o.found[:0]
	ref := -1
	for i := range outs {
		if Accepted(outs[i]) {
			ref = i
			break
		}
	}
	if ref < 0 {
		return nil
	}
	for i := range outs {
		if i == ref {
			continue
		}
		a, b := min(i, ref), max(i, ref)
		if m, differ := o.pair(c, a, b, outs[a], outs[b]); differ {
			o.found = append(o.found, m)
		}
	}
	return o.found
}

func (o *Oracle) pair(c *vm.Case, a, b int, x, y []vm.Outcome) (Mismatch, bool) {
	obs := o.Targets[a].Observables(c) & o.Targets[b].Observables(c)
	for i := range min(len(x), len(y)) {
		kind, d, differ := o.compare(a, b, &x[i], &y[i], obs)
		if !differ && c.FastFuel {
			d, differ = o.metered(c, b, i, &x[i], &y[i])
		}
		if differ {
			return Mismatch{a, b, i, kind, d}, true
		}
	}
	return Mismatch{}, false
}

// compare is the policy: what is a mismatch, and of what kind.
func (o *Oracle) compare(a, b int, x, y *vm.Outcome, obs vm.Observable) (reports.Kind, vm.Difference, bool) {
	either := func(k vm.Kind) bool { return x.Kind == k || y.Kind == k }
	kind := reports.Divergence
	switch {
	case either(vm.LoadUnsupported):
		return "", vm.Difference{}, false
	case either(vm.LoadRejected):
		if x.Kind == y.Kind || !o.Own(a) || !o.Own(b) {
			return "", vm.Difference{}, false
		}
		kind = reports.Rejection
	case either(vm.Crash):
		kind = reports.Crash
	case either(vm.Hang):
		kind = reports.Hang
	case either(vm.Broken):
		kind = reports.Claim
	case either(vm.FuelSpent) && obs&vm.ObsSteps == 0: // stopped at different places
		return "", vm.Difference{}, false
	case either(vm.Faulted):
		kind = reports.Fault
	}
	if (kind == reports.Crash || kind == reports.Hang || kind == reports.Claim) && x.Kind != y.Kind {
		return kind, vm.Difference{Observable: "kind", A: describe(x), B: describe(y)}, true
	}
	d, same := vm.Compare(x, y, obs)
	return kind, d, !same
}

func describe(o *vm.Outcome) string {
	if o.Reason != "" {
		return o.Kind.String() + " (" + o.Reason + ")"
	}
	return o.Kind.String()
}

// Own reports whether target i is an engine of this project in this process.
func (o *Oracle) Own(i int) bool { return engineOf(o.Targets[i]) != nil }

func engineOf(t vm.Target) *vm.EngineTarget {
	e, _ := t.(*vm.EngineTarget)
	return e
}
