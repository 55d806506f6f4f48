package render

import (
	"fmt"

	"github.com/lockstep-ebpf/lockstep/spec"
	"github.com/lockstep-ebpf/lockstep/verifier/cfg"
	"github.com/lockstep-ebpf/lockstep/verifier/release"
)

// Operators as the kernel's disassembler writes them (kernel/bpf/disasm.c).
var (
	aluSigns = map[uint8]string{
		spec.OpADD: "+=", spec.OpSUB: "-=", spec.OpMUL: "*=", spec.OpDIV: "/=", spec.OpOR: "|=", spec.OpAND: "&=", spec.OpLSH: "<<=",
		spec.OpRSH: ">>=", spec.OpMOD: "%=", spec.OpXOR: "^=", spec.OpMOV: "=", spec.OpARSH: "s>>=",
	}
	jumpSigns = map[uint8]string{
		spec.OpJEQ: "==", spec.OpJGT: ">", spec.OpJGE: ">=", spec.OpJSET: "&", spec.OpJNE: "!=", spec.OpJSGT: "s>", spec.OpJSGE: "s>=",
		spec.OpJLT: "<", spec.OpJLE: "<=", spec.OpJSLT: "s<", spec.OpJSLE: "s<=",
	}
	atomicNames = map[int32]string{spec.AtomicAdd: "add", spec.AtomicAnd: "and", spec.AtomicOr: "or", spec.AtomicXor: "xor"}
	atomicSigns = map[int32]string{spec.AtomicAdd: "+=", spec.AtomicAnd: "&=", spec.AtomicOr: "|=", spec.AtomicXor: "^="}
)

// disasm is the instruction at a slot in the log's words, with its opcode in front. Of
// addresses it says 0x0, as the kernel does to those who may not see them.
func disasm(r *release.Release, insns []spec.Insn, pc int) string {
	i := insns[pc]
	text := ""
	switch i.Class() {
	case spec.ClassALU, spec.ClassALU64:
		text = disasmALU(i)
	case spec.ClassLDX:
		text = fmt.Sprintf("r%d = *(%s *)(r%d %+d)", i.Dst, sizeName(i, i.Op&0xe0 == spec.ModeMEMSX), i.Src, i.Off)
	case spec.ClassST:
		text = fmt.Sprintf("*(%s *)(r%d %+d) = %d", sizeName(i, false), i.Dst, i.Off, i.Imm)
	case spec.ClassSTX:
		if i.Op&0xe0 == spec.ModeATOMIC {
			text = disasmAtomic(i)
		} else {
			text = fmt.Sprintf("*(%s *)(r%d %+d) = r%d", sizeName(i, false), i.Dst, i.Off, i.Src)
		}
	case spec.ClassLD:
		text = disasmLD(insns, pc)
	default:
		text = disasmJump(r, i)
	}
	return fmt.Sprintf("(%02x) %s", i.Op, text)
}

// sizeName is the C type of an access.
func sizeName(i spec.Insn, signed bool) string {
	if signed {
		return fmt.Sprintf("s%d", 8*i.Bytes())
	}
	return fmt.Sprintf("u%d", 8*i.Bytes())
}

func disasmALU(i spec.Insn) string {
	op, wide, reg := i.Op&0xf0, i.Class() == spec.ClassALU64, "w"
	if wide {
		reg = "r"
	}
	dst := fmt.Sprintf("%s%d", reg, i.Dst)
	switch {
	case op == spec.OpEND:
		order := "le"
		if wide {
			order = "bswap"
		} else if i.Op&spec.SrcX != 0 {
			order = "be"
		}
		return fmt.Sprintf("r%d = %s%d r%d", i.Dst, order, i.Imm, i.Dst)
	case op == spec.OpNEG:
		return fmt.Sprintf("%s = -%s", dst, dst)
	case op == spec.OpMOV && i.Op&spec.SrcX != 0 && wide && i.Off == 1:
		return fmt.Sprintf("r%d = addr_space_cast(r%d, %d, %d)", i.Dst, i.Src, uint32(i.Imm)>>16, uint16(i.Imm))
	}
	sign := aluSigns[op]
	if (op == spec.OpDIV || op == spec.OpMOD) && i.Off == 1 {
		sign = "s" + sign
	}
	if i.Op&spec.SrcX == 0 {
		return fmt.Sprintf("%s %s %d", dst, sign, i.Imm)
	}
	cast := ""
	if op == spec.OpMOV && i.Off != 0 {
		cast = fmt.Sprintf("(s%d)", i.Off)
	}
	return fmt.Sprintf("%s %s %s%s%d", dst, sign, cast, reg, i.Src)
}

func disasmAtomic(i spec.Insn) string {
	place := fmt.Sprintf("(%s *)(r%d %+d)", sizeName(i, false), i.Dst, i.Off)
	wide := ""
	if i.Bytes() == 8 {
		wide = "64"
	}
	switch {
	case i.Imm == spec.AtomicLoadAcq:
		return fmt.Sprintf("r%d = load_acquire((%s *)(r%d %+d))", i.Dst, sizeName(i, false), i.Src, i.Off)
	case i.Imm == spec.AtomicStoreRel:
		return fmt.Sprintf("store_release(%s, r%d)", place, i.Src)
	case i.Imm == spec.AtomicXchg:
		return fmt.Sprintf("r%d = atomic%s_xchg(%s, r%d)", i.Src, wide, place, i.Src)
	case i.Imm == spec.AtomicCmpXchg:
		return fmt.Sprintf("r0 = atomic%s_cmpxchg(%s, r0, r%d)", wide, place, i.Src)
	case atomicNames[i.Imm] != "":
		return fmt.Sprintf("lock *%s %s r%d", place, atomicSigns[i.Imm], i.Src)
	case atomicNames[i.Imm&^spec.AtomicFetch] != "":
		return fmt.Sprintf("r%d = atomic%s_fetch_%s(%s, r%d)", i.Src, wide, atomicNames[i.Imm&^spec.AtomicFetch], place, i.Src)
	}
	return fmt.Sprintf("BUG_%02x", i.Op)
}

func disasmLD(insns []spec.Insn, pc int) string {
	i := insns[pc]
	switch {
	case i.Wide() && pc+1 < len(insns):
		v := spec.Imm64(i, insns[pc+1])
		if i.Src != spec.LDDWValue && i.Src != spec.LDDWFunc {
			v = 0
		}
		return fmt.Sprintf("r%d = 0x%x", i.Dst, v)
	case i.Op&0xe0 == spec.ModeABS:
		return fmt.Sprintf("r0 = *(%s *)skb[%d]", sizeName(i, false), i.Imm)
	case i.Op&0xe0 == spec.ModeIND:
		return fmt.Sprintf("r0 = *(%s *)skb[r%d + %d]", sizeName(i, false), i.Src, i.Imm)
	}
	return fmt.Sprintf("BUG_ld_%02x", i.Op)
}

func disasmJump(r *release.Release, i spec.Insn) string {
	reg := "r"
	if i.Class() == spec.ClassJMP32 {
		reg = "w"
	}
	switch {
	case i.Op == spec.EXIT:
		return "exit"
	case i.Op == spec.CALL && i.Src == spec.CallLocal:
		return fmt.Sprintf("call pc%+d", i.Imm)
	case i.Op == spec.CALL:
		name := "unknown"
		if h, ok := r.Helper(i.Imm); ok && i.Src == spec.CallHelper {
			name = "bpf_" + h.Name
		} else if i.Src == spec.CallKfunc {
			name = "kernel-function"
		}
		return fmt.Sprintf("call %s#%d", name, i.Imm)
	case i.Op == spec.JCOND:
		return fmt.Sprintf("may_goto pc%+d", i.Off)
	case i.Op == spec.JA32:
		return fmt.Sprintf("gotol pc%+d", i.Imm)
	case cfg.Plain(i):
		return fmt.Sprintf("goto pc%+d", i.Off)
	case i.Op&spec.SrcX != 0:
		return fmt.Sprintf("if %s%d %s %s%d goto pc%+d", reg, i.Dst, jumpSigns[i.Op&0xf0], reg, i.Src, i.Off)
	}
	return fmt.Sprintf("if %s%d %s 0x%x goto pc%+d", reg, i.Dst, jumpSigns[i.Op&0xf0], uint32(i.Imm), i.Off)
}
