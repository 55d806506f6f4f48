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
