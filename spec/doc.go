// Package spec states what every eBPF instruction is and means, once, in one
// table.
//
// A [Row] is one instruction form: the opcode, what each field of the slot may
// hold, the written form, where the form comes from, one line of effect for
// people, and the same effect as a small tree for machines. For example the row
// of `r3 += r4`:
//
//	{Name: "add64.x", Op: 0x0f, Dst: WReg, Src: AnyReg, Off: Zero, Imm: Zero,
//	 Effect: "dst += src",
//	 Do:     Seq{Set{Dst, Binary{Add, W64, RegDst, RegSrc}}}}
//
// All that the project knows of the instruction set is read from here: the
// decoder and its errors, the assembler's mnemonics, ISA.md, the reference VM.
// The one exception is deliberate: fastvm, jit and verifier state the meaning of
// instructions a second time, by hand, so that a mistake here shows up as a
// disagreement and not as a consensus.
//
// # Reading order
//
// insn.go has the slot and its constants; field.go what a field may hold; tree.go
// the vocabulary of meaning; rows_*.go the table itself; table.go looks rows up;
// decode.go turns bytes into checked instructions; eval.go gives expressions a
// value, at any register width from 3 to 64 bits. names.go, render.go, json.go and
// smt.go write the table for others: as text, as JSON and for solvers; package
// spec/errata has laws that one proves. ISA.md is the whole as a specification to
// read, and package spec/gen writes it.
//
// # Authority
//
// RFC 9669's prose, then what Linux does (verifier, fix-ups and JIT together),
// then the table in the RFC's appendix. Where they contradict each other, package
// spec/errata says so, with a case that shows it.
package spec
