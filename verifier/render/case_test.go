package render_test

import (
	"github.com/lockstep-ebpf/lockstep/spec"
	"github.com/lockstep-ebpf/lockstep/vm"
	"github.com/lockstep-ebpf/lockstep/vm/hook"
)

// countTo is a loop of so many rounds.
func countTo(n int32) *vm.Case {
	insns := []spec.Insn{
		{Op: spec.ClassALU64 | spec.OpMOV, Dst: 0, Imm: 0},
		{Op: spec.ClassALU64 | spec.OpADD, Dst: 0, Imm: 1},
		{Op: spec.ClassJMP | spec.OpJLT, Dst: 0, Off: -2, Imm: n},
		{Op: spec.EXIT},
	}
	return &vm.Case{Programs: []*vm.Program{{Type: hook.SocketFilter, Insns: insns}}, Inputs: []vm.Input{{}}}
}
