package transfer

import (
	"github.com/lockstep-ebpf/lockstep/spec"
	"github.com/lockstep-ebpf/lockstep/verifier/cfg"
)

// Steps are the slots of the instructions on the way to the failure, the one that failed
// last.
func (f *Failure) Steps(insns []spec.Insn) (slots []int) {
	pc := 0
	for _, e := range f.Path {
		for pc != e.From {
			slots = append(slots, pc)
			pc = following(insns, pc)
		}
		slots = append(slots, pc)
		pc = e.To
	}
	for pc != f.Insn {
		slots = append(slots, pc)
		pc = following(insns, pc)
	}
	return append(slots, pc)
}

// following is where control goes from an instruction that has one way to go.
func following(insns []spec.Insn, pc int) int {
	switch i := insns[pc]; {
	case cfg.Plain(i):
		to, _ := cfg.Jump(i, pc)
		return to
	case i.Wide():
		return pc + 2
	}
	return pc + 1
}
