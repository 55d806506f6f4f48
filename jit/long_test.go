package jit_test

import (
	"testing"

	"github.com/lockstep-ebpf/lockstep/spec"
	"github.com/lockstep-ebpf/lockstep/vm"
	"github.com/lockstep-ebpf/lockstep/vm/hook"
)

// TestLongProgram jumps over some MiB of code, ahead and back, and leaves at its far
// end.
func TestLongProgram(t *testing.T) {
	const n = 500_000
	head := []spec.Insn{
		{Op: spec.MOV, Dst: 1, Imm: 5},
		{Op: spec.MOV, Dst: 0, Imm: 0},
		{Op: spec.ClassALU64 | spec.OpSUB, Dst: 1, Imm: 1},
		{Op: spec.ClassJMP | spec.OpJEQ, Dst: 1, Imm: 3, Off: 1}, // the second time
		{Op: spec.JA32, Imm: 1},
		{Op: spec.JA32, Imm: n + 1},
	}
	var body []spec.Insn
	for len(body) < n {
		body = append(body,
			spec.Insn{Op: spec.ClassALU64 | spec.OpADD, Dst: 0, Imm: int32(len(body))},
			spec.Insn{Op: spec.ClassALU64 | spec.OpXOR | spec.SrcX, Dst: 0, Src: 1})
	}
	insns := append(append(head, body...),
		spec.Insn{Op: spec.JA32, Imm: -n - 5},
		spec.Insn{Op: spec.LDXDW, Dst: 2, Src: 10, Off: -8},
		spec.Insn{Op: spec.LDXDW, Dst: 3, Src: 1}, // a fault
		spec.Insn{Op: spec.EXIT})
	c := &vm.Case{Programs: []*vm.Program{{Type: hook.SocketFilter, Insns: insns}}, Inputs: []vm.Input{{}}, Fuel: 4 * n}
	if o := newPair(t).same(t, c)[0]; o.Kind != vm.Faulted || o.Fault.PC != len(insns)-2 || o.Steps != n+11 {
		t.Errorf("%+v", o.Result)
	}
}
