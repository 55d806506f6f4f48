package asm

import (
	"fmt"
	"strings"

	"github.com/lockstep-ebpf/lockstep/spec"
)

// The mnemonic syntax: destination first, as ubpf and bpf_conformance write it.

// mnemonic lists the patterns of a row, the canonical one first.
func mnemonic(r *spec.Row) []string {
	var out []string
	for _, name := range names(r) {
		for _, operands := range operands(r) {
			out = append(out, strings.TrimSpace(name+" "+operands))
		}
	}
	return out
}

// names are the row's mnemonic, and others in use.
func names(r *spec.Row) []string {
	m := r.Mnemonic
	switch {
	case strings.HasPrefix(m, "lock fetch_"): // bpf_conformance
		return []string{m, strings.Replace(m, "fetch_", "fetch ", 1)}
	case strings.HasPrefix(m, "bswap"): // bpf_conformance
		return []string{m, m[1:]}
	case r.Class() == spec.ClassALU64 && !strings.ContainsAny(m, "_0123456789"): // rbpf
		return []string{m, m + "64"}
	}
	return []string{m}
}

func operands(r *spec.Row) []string {
	switch r.Class() {
	case spec.ClassALU, spec.ClassALU64:
		return []string{aluOperands(r)}
	case spec.ClassJMP, spec.ClassJMP32:
		return jumpOperands(r)
	}
	switch mode := r.Op & 0xe0; {
	case r.IsWide():
		var out []string
		for _, w := range wideForms[r.Src.Lo] {
			out = append(out, "{dst}, "+w)
		}
		return out
	case mode == spec.ModeABS:
		return []string{"{imm}"}
	case mode == spec.ModeIND:
		return []string{"{src}, {imm}"}
	case mode == spec.ModeATOMIC && r.Imm.Lo == spec.AtomicLoadAcq, r.Class() == spec.ClassLDX:
		return []string{"{dst}, [{src}{short}]"}
	case r.Class() == spec.ClassST:
		return []string{"[{dst}{short}], {imm}"}
	}
	return []string{"[{dst}{short}], {src}"}
}

func aluOperands(r *spec.Row) string {
	switch op := r.Op & 0xf0; {
	case op == spec.OpNEG || op == spec.OpEND:
		return "{dst}"
	case r.Casts():
		return fmt.Sprintf("{dst}, {src}, %d, %d", r.Imm.Lo>>16, r.Imm.Lo&0xffff)
	case r.Op&spec.SrcX != 0:
		return "{dst}, {src}"
	}
	return "{dst}, {imm}"
}

func jumpOperands(r *spec.Row) []string {
	switch r.Op {
	case spec.JA, spec.JCOND:
		return []string{"{target}"}
	case spec.JA32:
		return []string{"{target32}"}
	case spec.EXIT:
		return []string{""}
	case spec.CALL:
		switch r.Src.Lo {
		case spec.CallLocal:
			return []string{"local {target32}"}
		case spec.CallKfunc:
			return []string{"kfunc {imm}", "kfunc {imm} btf {index}", "runtime {imm}"}
		}
		return []string{"{helper}", "{imm}", "helper {imm}"}
	}
	if r.Op&spec.SrcX != 0 {
		return []string{"{dst}, {src}, {target}"}
	}
	return []string{"{dst}, {imm}, {target}"}
}
