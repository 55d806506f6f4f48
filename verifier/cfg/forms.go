package cfg

import (
	"errors"
	"fmt"

	"github.com/lockstep-ebpf/lockstep/spec"
)

// everywhere reports whether Linux sees a mistake before it follows paths
// (resolve_pseudo_ldimm64).
func everywhere(i spec.Insn, pc int, err error) bool {
	known := false
	for _, row := range spec.ByOpcode(i.Op) {
		known = known || !row.Internal
	}
	var bad *spec.Error
	if i.Wide() && errors.As(err, &bad) { // its second half, and what it names
		return bad.Slot != pc || bad.Field != "off" && bad.Field != "dst"
	}
	return !known || i.Class() == spec.ClassLDX && i.Imm != 0
}

// tolerated reports whether Linux lets a mistake pass: it does not look at the offset of an
// exit, nor at the upper half of a function's address.
func tolerated(insns []spec.Insn, pc int) bool {
	i := insns[pc]
	if i.Op == spec.LDDW && i.Src == spec.LDDWFunc && pc+1 < len(insns) {
		half := insns[pc+1]
		half.Imm = 0
		_, err := spec.Check([]spec.Insn{i, half}, 0)
		return err == nil
	}
	if i.Op == spec.EXIT {
		i.Off = 0
		_, err := spec.Check([]spec.Insn{i}, 0)
		return err == nil
	}
	return false
}

// formText is what Linux says of a slot that is no instruction.
func formText(i spec.Insn, err error) string {
	var bad *spec.Error
	if !errors.As(err, &bad) {
		return err.Error()
	}
	class := i.Class()
	alu := class == spec.ClassALU || class == spec.ClassALU64
	switch {
	case bad.Field == "opcode":
		return fmt.Sprintf("unknown opcode %02x", i.Op)
	case bad.Field == "dst" && i.Dst == 10:
		return "frame pointer is read only"
	case bad.Field == "dst" && i.Dst > 10:
		return fmt.Sprintf("R%d is invalid", i.Dst)
	case bad.Field == "src" && i.Src > 10:
		return fmt.Sprintf("R%d is invalid", i.Src)
	case i.Wide() && bad.Field == "off" && bad.Op == i.Op:
		return "BPF_LD_IMM64 uses reserved fields"
	case i.Wide():
		return "invalid bpf_ld_imm64 insn"
	case alu && bad.Field == "imm" && (i.Op&0xf0 == spec.OpDIV || i.Op&0xf0 == spec.OpMOD) && i.Op&spec.SrcX == 0 && i.Imm == 0:
		return "div by zero"
	case alu && bad.Field == "imm" && (i.Op&0xf0 == spec.OpLSH || i.Op&0xf0 == spec.OpRSH || i.Op&0xf0 == spec.OpARSH):
		return fmt.Sprintf("invalid shift %d", i.Imm)
	}
	return reserved(i, bad)
}

// reserved names the family whose unused field is used.
func reserved(i spec.Insn, bad *spec.Error) string {
	switch class := i.Class(); {
	case class == spec.ClassALU, class == spec.ClassALU64:
		switch i.Op & 0xf0 {
		case spec.OpMOV:
			return "BPF_MOV uses reserved fields"
		case spec.OpEND:
			return "BPF_END uses reserved fields"
		case spec.OpNEG:
			return "BPF_NEG uses reserved fields"
		}
		return "BPF_ALU uses reserved fields"
	case i.Op == spec.CALL:
		return "BPF_CALL uses reserved fields"
	case i.Op == spec.EXIT:
		return "BPF_EXIT uses reserved fields"
	case i.Op == spec.JA, i.Op == spec.JA32:
		return "BPF_JA uses reserved fields"
	case i.Op == spec.JCOND:
		return "invalid may_goto"
	case class == spec.ClassJMP, class == spec.ClassJMP32:
		return "BPF_JMP/JMP32 uses reserved fields"
	case class == spec.ClassLDX:
		return "BPF_LDX uses reserved fields"
	case class == spec.ClassST:
		return "BPF_ST uses reserved fields"
	case class == spec.ClassSTX && i.Op&0xe0 == spec.ModeATOMIC:
		return fmt.Sprintf("BPF_ATOMIC uses invalid atomic opcode %02x", uint32(i.Imm))
	case class == spec.ClassSTX:
		return "BPF_STX uses reserved fields"
	case class == spec.ClassLD:
		return "BPF_LD_[ABS|IND] uses reserved fields"
	}
	return bad.Error()
}
