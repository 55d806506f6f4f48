// Package asm writes eBPF programs as text and reads them back, in both syntaxes
// in use:
//
//	pseudo-C (LLVM, the kernel's log)      mnemonic (ubpf, bpf_conformance)
//	r3 = *(u32 *)(r1 + 4)                  ldxw r3, [r1+4]
//	w3 s/= 7                               sdiv32 r3, 7
//	if r3 s> -5 goto out                   jsgt r3, -5, out
//	r1 = map[counts]                       lddw r1, map[counts]
//	lock *(u64 *)(r10 - 8) += r3           lock add [r10-8], r3
//	call pc+5                              call local +5
//	out: exit                              out: exit
//
// [Assemble] takes either, line by line, and the spellings that LLVM, the kernel
// and bpf_conformance each have for the same instruction. [Disassemble] and
// [Format] print one canonical spelling of the [Syntax] asked for. Whatever they
// print assembles to the same slots, broken ones included.
//
// # A program text
//
// One instruction a line. A line may begin with labels (`loop:`). Comments run
// from `#`, `//` or `;` to the end of the line. LLVM takes `;` for a separator
// of instructions; here an instruction after a `;` is an error, so that none is
// lost. Numbers are as in C: 10, 0xa, 012. A 32-bit immediate may be written
// signed or unsigned, from -2147483648 to 0xffffffff, and the machine
// sign-extends it. Distances are in slots and count from the next one, as in the
// encoding: `goto +0` does nothing. Where no label `exit` is defined, `exit`
// names the first exit instruction, as in bpf_conformance.
//
// Registers may be written `%r0`. Where an instruction works on 32 bits of memory
// either of r3 and w3 may be written, as LLVM and the kernel differ.
//
// # Names
//
// A 64-bit immediate load can name things that a loader resolves:
//
//	r1 = 0x1122334455667788 ll      a number
//	r1 = map[counts]                a map: Imm is its index in Names.Maps
//	r1 = map[counts][0] + 8         a place in the value of its first element
//	r1 = map_by_fd(3)               the same by number, as RFC 9669 section 5.4 puts it
//	r1 = map_val(map_by_fd(3)) + 8
//	r1 = map_by_idx(3)              and map_val(map_by_idx(3)) + 8
//	r1 = var_addr(7)                a kernel variable of BTF id 7
//	r1 = func callback              the subprogram at a label, or pc+5
//
// LLVM's `r1 = counts ll` is a map, or the subprogram at a label if there is no such
// map. `lddw r1, …` takes the same, and bpf_conformance's map_by_fd(counts). A
// distance to a subprogram counts from the slot after the first, as in a call.
//
// A call can too: `call 1` (a helper), `call bpf_map_lookup_elem` (a helper of
// Names.Helpers), `call bpf_map_lookup_elem#1` (the number counts), `call body` (a
// subprogram at a label, before a helper of that name), `call kfunc#12` (a kernel
// function by BTF id) and `call kfunc#12 btf 3` (in the BTF object of index 3).
//
// # Any slot
//
// A slot that no row of spec.Table fits, or that has a value in a reserved field,
// is written field by field: opcode, dst, src, off, imm.
//
//	.insn 0x8f, 1, 2, -5, 100
//
// Nothing here judges an instruction: `r10 = 1` and `r1 /= 0` assemble, and
// spec.Check, a verifier or an engine says what is wrong with them.
//
// # Reading order
//
// lexer.go makes tokens. forms_c.go and forms_mnemonic.go say how each row of
// spec.Table is written, as patterns such as `if {dst} == {imm} goto {target}`;
// hole.go has what stands in the braces; pattern.go runs a pattern both ways.
// assemble.go and disassemble.go are what remains.
package asm
