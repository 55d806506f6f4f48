package oracle

import (
	"fmt"

	"github.com/lockstep-ebpf/lockstep/refvm"
	"github.com/lockstep-ebpf/lockstep/vm"
)

// visits counts how often control came to each slot: by input, program and pc.
//
// Where fuel may be charged in bulk, engines charge at different places, and their
// steps cannot be compared. But an engine that is a vm.Meter says what it charges
// where, and the reference VM knows how often a run came there.
type visits [][][]uint64

// count makes the reference VM e count its next run of a case, until stop.
func (v *visits) count(e *refvm.Engine) (stop func()) {
	*v = (*v)[:0]
	e.Hook = func(s *refvm.State) {
		if s.Steps == 0 {
			*v = append(*v, nil)
		}
		run := &(*v)[len(*v)-1]
		for len(*run) <= s.Prog.ID {
			*run = append(*run, nil)
		}
		at := &(*run)[s.Prog.ID]
		if *at == nil {
			*at = make([]uint64, len(s.Prog.Insns))
		}
		(*at)[s.PC]++
	}
	return func() { e.Hook = nil }
}

// counts reports whether the reference VM e is to count its run of a case: somebody
// else may be watching it.
func counts(c *vm.Case, e *refvm.Engine) bool { return c.FastFuel && e.Hook == nil }

// charged is what a target has to charge for an input that it has just run to its
// end; ok is false if it does not say where it charges.
func (v visits) charged(t *vm.EngineTarget, input int) (sum uint64, ok bool) {
	if t == nil {
		return 0, false
	}
	programs := t.Machine().World.Programs
	for id, run := range v[input] {
		if run == nil {
			continue
		}
		if id >= len(programs) {
			return 0, false
		}
		m, ok := programs[id].Instance.(vm.Meter)
		if !ok {
			return 0, false
		}
		for pc, n := range run {
			if n > 0 {
				sum += n * m.Charge(pc)
			}
		}
	}
	return sum, true
}

// ahead is how many times its program's length a meter may charge beforehand; the rest
// it gives back. With less than that left, it may find that fuel is spent.
const ahead = 8

// metered holds the steps of target i for an input, y, against what it has to charge; x
// is what the reference came to.
func (o *Oracle) metered(c *vm.Case, i, input int, x, y *vm.Outcome) (vm.Difference, bool) {
	if x.Kind != vm.Exit || x.Tainted || y.Tainted || len(o.visits) != len(c.Inputs) {
		return vm.Difference{}, false
	}
	want, ok := o.visits.charged(engineOf(o.Targets[i]), input)
	switch {
	case !ok, y.Kind == vm.Exit && want == y.Steps, y.Kind != vm.Exit && y.Kind != vm.FuelSpent:
		return vm.Difference{}, false
	case y.Kind == vm.FuelSpent:
		fuel := c.Fuel
		if fuel == 0 {
			fuel = vm.DefaultFuel
		}
		if want+ahead*uint64(len(c.Programs[0].Insns)) > fuel {
			return vm.Difference{}, false
		}
		return vm.Difference{Observable: "kind", Where: fmt.Sprintf("%d charged of %d", want, fuel), A: describe(x), B: describe(y)}, true
	}
	return vm.Difference{Observable: "steps", Where: "charged in bulk", A: fmt.Sprint(want), B: fmt.Sprint(y.Steps)}, true
}
