package oracle_test

import (
	"testing"

	"github.com/lockstep-ebpf/lockstep/fuzz/internal/planted"
	"github.com/lockstep-ebpf/lockstep/fuzz/oracle"
	"github.com/lockstep-ebpf/lockstep/spec"
	"github.com/lockstep-ebpf/lockstep/vm"
)

// metered is an engine that charges three for every visit of the instruction it says,
// and whose runs come to what result makes of that.
type metered struct {
	vm.Engine
	at     int
	result func(charged uint64) vm.Result
}

func (e metered) Load(l *vm.Loaded) (vm.Instance, error) {
	i, err := e.Engine.Load(l)
	return meter{i, e}, err
}

type meter struct {
	vm.Instance
	e metered
}

func (m meter) Charge(pc int) uint64 {
	if pc == m.e.at {
		return 3
	}
	return 0
}

func (m meter) Run(x *vm.Machine) vm.Result {
	r := m.Instance.Run(x)
	changed := m.e.result(15) // five rounds
	r.Kind, r.Steps = changed.Kind, changed.Steps
	return r
}

// TestMeter: where fuel is charged in bulk, an engine's steps are held against what it
// says it charges, and with plenty of fuel it does not run out.
func TestMeter(t *testing.T) {
	c := &vm.Case{
		Programs: []*vm.Program{{Insns: []spec.Insn{
			{Op: spec.MOV, Dst: 0, Imm: 5},
			{Op: spec.ClassALU64 | spec.OpADD, Dst: 0, Imm: -1},
			{Op: spec.ClassJMP | spec.OpJNE, Dst: 0, Off: -2},
			{Op: spec.EXIT},
		}}},
		Inputs: make([]vm.Input, 2),
	}
	exit := func(more uint64) func(uint64) vm.Result {
		return func(n uint64) vm.Result { return vm.Result{Kind: vm.Exit, Steps: n + more} }
	}
	spent := func(uint64) vm.Result { return vm.Result{Kind: vm.FuelSpent} }
	for _, tt := range []struct {
		name   string
		fast   bool
		fuel   uint64
		result func(uint64) vm.Result
		want   string // what differs
	}{
		{"as it says", true, 0, exit(0), ""},
		{"one too many", true, 0, exit(1), "steps"},
		{"spent with plenty", true, 0, spent, "kind"},
		{"spent with little", true, 20, spent, ""},
		{"exact fuel", false, 0, exit(0), "steps"},
	} {
		all := planted.Targets(t, metered{planted.Engine("metered", nil), 1, tt.result})
		c.FastFuel, c.Fuel = tt.fast, tt.fuel
		got := ""
		if m := oracle.New(all).Judge(c); len(m) > 0 {
			got = m[0].Difference.Observable
		}
		if got != tt.want {
			t.Errorf("%s: %q differs, want %q", tt.name, got, tt.want)
		}
	}
}
