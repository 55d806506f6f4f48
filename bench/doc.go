// Package bench measures engines: nanoseconds an executed instruction on a dozen
// small programs, and what a call and a load cost.
//
// The programs stand in programs/, one file each, in the form of spec/asm. Each does
// at least 50 instructions' work that eBPF programs really do. programs.go has their
// inputs, and works out their results a second time in Go: a run that gives
// something else is not measured but reported.
//
// [Run] measures in interleaved rounds: in each round every engine runs every program
// for a millisecond or two, and the median over the rounds counts. The clock is the
// thread's CPU time where the host has one. So a busy machine blurs the figures but
// does not favour anybody.
//
// With peers, the list includes what is not ours. "goto" is an interpreter in C with
// computed gotos, where there is a C compiler. "gcc" and "clang" are ten of the programs
// written in C, programs/*.c, and compiled at -O2 without vectors (internal/yardstick):
// what native code can hope for. "kernel" is the host's JIT by BPF_PROG_TEST_RUN, less
// what the empty program takes, where bpf() may be used; programs that no verifier
// follows are there a second time in programs/verifiable.
//
// The mean that counts is over those ten programs, because all columns have them. Ratios
// of one run are what can be quoted; nanoseconds do not carry over to another machine,
// and a Go switch such as fastvm's may gain or lose a third by where the linker happens
// to put it. The kernel puts code at places of its own choice too, which can double the time
// of a small loop from one load to the next.
package bench
