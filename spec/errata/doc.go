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
// Each entry names a file in cases/, a txtar archive. Its comment holds `key: value`
// lines: the program type and the stage that decides:
//
//	encoding   spec.Decode refuses the bytes; so does every loader
//	load       the slots decode, and the flow of control is refused when loading
//	verifier   engines run it, a verifier of the kernel's strictness refuses it
//	run        the program runs, and the outcome tells
//
// The files are prog (assembly) or prog.hex (one slot a line), input, and expect:
// the kind of outcome with r0, or the message that a refusal contains. A line
// `linux: …` in expect is what the kernel's own message contains, and `linux:
// accepts` says that it takes what we refuse. A line `fault: KIND` beside a
// verifier's refusal is how a checked engine stops if it runs the program all the
// same.
package errata
