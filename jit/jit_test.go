package jit_test

import (
	"testing"

	"github.com/lockstep-ebpf/lockstep/jit"
	"github.com/lockstep-ebpf/lockstep/spec"
	"github.com/lockstep-ebpf/lockstep/vm"
)

func TestReturn(t *testing.T) {
	x := target(t, jit.Engine{})
	o := x.Run(&vm.Case{Programs: []*vm.Program{{Insns: []spec.Insn{{Op: spec.MOV, Imm: 7}, {Op: spec.EXIT}}}}, Inputs: []vm.Input{{}}})[0]
	if o.Kind != vm.Exit || o.R0 != 7 || o.Steps != 2 {
		t.Errorf("%+v", o.Result)
	}
}

// TestLongBlock: a block longer than a slice of fuel runs all the same, and ends at
// the right instruction.
func TestLongBlock(t *testing.T) {
	const n = 400_000
	insns := make([]spec.Insn, 0, n+2)
	insns = append(insns, spec.Insn{Op: spec.MOV})
	for range n {
		insns = append(insns, spec.Insn{Op: spec.ClassALU64 | spec.OpADD, Imm: 1})
	}
	insns = append(insns, spec.Insn{Op: spec.EXIT})
	p := newPair(t)
	c := &vm.Case{Programs: []*vm.Program{{Insns: insns}}, Inputs: []vm.Input{{}}, Fuel: n + 2}
	for _, c.Fuel = range []uint64{n + 3, n + 2, n + 1, n / 2} {
		want := vm.FuelSpent
		if c.Fuel >= n+2 {
			want = vm.Exit
		}
		if o := p.same(t, c)[0]; o.Kind != want {
			t.Errorf("fuel %d: %+v", c.Fuel, o.Result)
		}
	}
}
