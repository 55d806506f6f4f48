// Package errata lists where the texts that define eBPF contradict each other or
// say nothing, what Linux does there, what this project chose, and a case that
// shows it.
//
// The texts are RFC 9669 (its prose, its appendix of opcodes) and Linux's
// documentation; Linux means verifier, fix-ups and JIT together. The order of
// authority is the RFC's prose, then Linux, then the appendix.
//
// Evidence is marked [ran], seen on Linux 6.18.44 on x86-64, or [read], found in its
// source.
//
// # Cases
//
// Each entry names a file in cases/, in the format of package vm/casefile: the
// program as text, or in hex where a disassembler would not bring it back; the
// input; and what comes of it here. Refusal is what the kernel says to the same
// program: where it is empty and the case is refused here, the two differ, and Linux
// says how.
//
// # Claims
//
// What an entry says of all operands is also a [Claim], and so are the laws of the
// instruction set: a sentence, and the same for a solver, over the functions that
// spec.SMT writes. Tests ask z3 for operands that break it; where there is no z3, they
// look for them on points. A reading of a text that is not ours has a witness, operands
// with which it gives something else. ISA.md shows the sentences.
package errata
