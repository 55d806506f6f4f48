package asm

import (
	"fmt"

	"github.com/lockstep-ebpf/lockstep/spec"
)

// The pseudo-C syntax: LLVM's lib/Target/BPF, the kernel's kernel/bpf/disasm.c.

var aluSymbols = map[uint8]string{
	spec.OpADD: "+=", spec.OpSUB: "-=", spec.OpMUL: "*=", spec.OpDIV: "/=", spec.OpMOD: "%=",
	spec.OpOR: "|=", spec.OpAND: "&=", spec.OpXOR: "^=",
	spec.OpLSH: "<<=", spec.OpRSH: ">>=", spec.OpARSH: "s>>=",
}

var jumpSymbols = map[uint8]string{
	spec.OpJEQ: "==", spec.OpJNE: "!=", spec.OpJSET: "&",
	spec.OpJGT: ">", spec.OpJGE: ">=", spec.OpJLT: "<", spec.OpJLE: "<=",
	spec.OpJSGT: "s>", spec.OpJSGE: "s>=", spec.OpJSLT: "s<", spec.OpJSLE: "s<=",
}

// atomicOps are the operations that exist with and without a result.
var atomicOps = map[int64]struct{ symbol, name string }{
	spec.AtomicAdd: {"+=", "add"}, spec.AtomicOr: {"|=", "or"}, spec.AtomicAnd: {"&=", "and"}, spec.AtomicXor: {"^=", "xor"},
}

// pseudoC lists the patterns of a row, the canonical one first.
func pseudoC(r *spec.Row) []string {
	switch r.Class() {
	case spec.ClassALU, spec.ClassALU64:
		return []string{aluC(r)}
	case spec.ClassJMP, spec.ClassJMP32:
		return jumpC(r)
	}
	bits := 8 * spec.Insn{Op: r.Op}.Bytes()
	kind, from, to := "u", "{dst:rw}", "{src:rw}"
	if bits == 64 {
		from, to = "{dst}", "{src}"
	}
	mode := r.Op & 0xe0
	if mode == spec.ModeMEMSX {
		kind, from = "s", "{dst}"
	}
	memory := fmt.Sprintf("(%s%d *)", kind, bits)
	switch {
	case r.IsWide():
		return wideC(r)
	case mode == spec.ModeATOMIC:
		return atomicC(r, memory, bits)
	case mode == spec.ModeABS:
		return []string{"r0 = *" + memory + "skb[{imm}]"}
	case mode == spec.ModeIND:
		return []string{"r0 = *" + memory + "skb[{src}]", "r0 = *" + memory + "skb[{src} {disp32}]"}
	case r.Class() == spec.ClassLDX:
		return []string{from + " = *" + memory + "({src} {disp})"}
	case r.Class() == spec.ClassST:
		return []string{"*" + memory + "({dst} {disp}) = {imm}"}
	}
	return []string{"*" + memory + "({dst} {disp}) = " + to}
}

func aluC(r *spec.Row) string {
	d, s := "{dst}", "{src}"
	if r.Class() == spec.ClassALU {
		d, s = "{dst32}", "{src32}"
	}
	operand := "{imm}"
	if r.Op&spec.SrcX != 0 {
		operand = s
	}
	switch op := r.Op & 0xf0; {
	case op == spec.OpNEG:
		return d + " = -" + d
	case op == spec.OpEND:
		return "{dst} = " + r.Mnemonic + " {dst}"
	case r.Casts():
		return fmt.Sprintf("{dst} = addr_space_cast({src}, %d, %d)", r.Imm.Lo>>16, r.Imm.Lo&0xffff)
	case op == spec.OpMOV && r.Off.Lo != 0:
		return fmt.Sprintf("%s = (s%d)%s", d, r.Off.Lo, s)
	case op == spec.OpMOV:
		return d + " = " + operand
	case r.Off.Lo == 1:
		return d + " s" + aluSymbols[op] + " " + operand
	default:
		return d + " " + aluSymbols[op] + " " + operand
	}
}

func jumpC(r *spec.Row) []string {
	switch r.Op {
	case spec.JA:
		return []string{"goto {target}"}
	case spec.JA32:
		return []string{"gotol {target32}"}
	case spec.JCOND:
		return []string{"may_goto {target}"}
	case spec.EXIT:
		return []string{"exit"}
	case spec.CALL:
		switch r.Src.Lo {
		case spec.CallLocal:
			return []string{"call {body}"}
		case spec.CallKfunc:
			return []string{"call kfunc#{imm}", "call kfunc#{imm} btf {index}"}
		}
		return []string{"call {helper}", "call {imm}"}
	}
	d, s := "{dst}", "{src}"
	if r.Class() == spec.ClassJMP32 {
		d, s = "{dst32}", "{src32}"
	}
	if r.Op&spec.SrcX == 0 {
		s = "{imm}"
	}
	return []string{"if " + d + " " + jumpSymbols[r.Op&0xf0] + " " + s + " goto {target}"}
}

// wideC: LLVM writes ` ll` after every 64-bit immediate, and a bare symbol for a
// map or a subprogram; the kernel's log writes no ` ll` after a map.
func wideC(r *spec.Row) []string {
	var out []string
	for _, w := range wideForms[r.Src.Lo] {
		if r.Src.Lo != spec.LDDWValue { // r1 = 5 is a mov
			out = append(out, "{dst} = "+w)
		}
		out = append(out, "{dst} = "+w+" ll")
	}
	switch r.Src.Lo {
	case spec.LDDWMapFD:
		out = append(out, "{dst} = {map} ll")
	case spec.LDDWFunc:
		out = append(out, "{dst} = {body} ll")
	}
	return out
}

func atomicC(r *spec.Row, memory string, bits int) []string {
	at := "(" + memory + "({dst} {disp})"
	s, acc, suffix, kernel := "{src}", "r0", "_64", "atomic64_"
	loaded, stored := "{dst}", "{src}" // as in plain loads and stores
	if bits < 64 {
		s, acc, suffix, kernel = "{src:wr}", "w0", "32_32", "atomic_"
		loaded, stored = "{dst:rw}", "{src:rw}"
	}
	switch r.Imm.Lo {
	case spec.AtomicLoadAcq:
		return []string{loaded + " = load_acquire(" + memory + "({src} {disp}))"}
	case spec.AtomicStoreRel:
		return []string{"store_release" + at + ", " + stored + ")"}
	case spec.AtomicXchg:
		return []string{
			s + " = xchg" + suffix + "({dst} {disp}, " + s + ")",
			s + " = " + kernel + "xchg" + at + ", " + s + ")",
		}
	case spec.AtomicCmpXchg:
		return []string{
			acc + " = cmpxchg" + suffix + "({dst} {disp}, " + acc + ", " + s + ")",
			"r0 = " + kernel + "cmpxchg" + at + ", r0, " + s + ")",
		}
	}
	op := atomicOps[r.Imm.Lo&^spec.AtomicFetch]
	if r.Imm.Lo&spec.AtomicFetch == 0 {
		return []string{"lock *" + memory + "({dst} {disp}) " + op.symbol + " " + s}
	}
	out := []string{s + " = atomic_fetch_" + op.name + at + ", " + s + ")"}
	if bits == 64 {
		out = append(out, s+" = atomic64_fetch_"+op.name+at+", "+s+")")
	}
	return out
}
