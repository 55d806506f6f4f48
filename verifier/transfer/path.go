package transfer

import (
	"github.com/lockstep-ebpf/lockstep/spec"
	"github.com/lockstep-ebpf/lockstep/verifier/cfg"
)

// Steps are the slots of the instructions on the way to the failure, the one that failed
// last.
func (f *Failure) Steps(insns []spec.Insn) (slots []int) {
	pc := f.Start
	for _, e := range f.Path {
		slots = straight(slots, insns, pc, e.From)
		pc = e.To
	}
	return straight(slots, insns, pc, f.Insn)
}

// straight appends the slots from one to another that is reached without a choice.
func straight(slots []int, insns []spec.Insn, from, to int) []int {
	for range insns {
		if from == to || from < 0 || from >= len(insns) {
			break
		}
		slots = append(slots, from)
		from = following(insns, from)
	}
	return append(slots, to)
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
