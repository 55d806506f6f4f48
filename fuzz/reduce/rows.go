package reduce

import "github.com/lockstep-ebpf/lockstep/spec"

// What reduction needs to know of a row, read off its tree.

// writes lists the registers that an instruction sets by itself (a call's callee
// may set more).
func writes(row *spec.Row, i spec.Insn) []uint8 {
	var regs []uint8
	var walk func(seq spec.Seq)
	walk = func(seq spec.Seq) {
		for _, s := range seq {
			switch s := s.(type) {
			case spec.Set:
				regs = append(regs, s.R.Of(i))
			case spec.If:
				walk(s.Then)
				walk(s.Else)
			}
		}
	}
	walk(row.Do)
	return regs
}

// access is what an instruction does to memory.
type access struct {
	base  uint8 // register that the address counts from
	bySrc bool  // it is the source register, not the destination
	size  int
	reads bool
	sets  bool
}

// accesses finds the memory access of an instruction, if it makes one.
func accesses(i spec.Insn) (a access, ok bool) {
	a.size = i.Bytes()
	switch i.Class() {
	case spec.ClassLDX:
		a.base, a.bySrc, a.reads = i.Src, true, true
	case spec.ClassST:
		a.base, a.sets = i.Dst, true
	case spec.ClassSTX:
		a.base, a.sets = i.Dst, true
		if i.Op&0xe0 == spec.ModeATOMIC {
			a.reads = true
			if i.Imm == spec.AtomicLoadAcq {
				a.base, a.bySrc, a.sets = i.Src, true, false
			}
		}
	default:
		return access{}, false
	}
	return a, true
}

// calls reports whether control leaves the instruction for another function.
func calls(i spec.Insn) bool { return i.Op == spec.CALL || i.Op == spec.EXIT }
