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
// Where a C compiler is found, the list includes "goto", an interpreter in C with
// computed gotos (internal/yardstick). Ratios to it are what can be quoted;
// nanoseconds do not carry over to another machine, and a Go switch such as
// fastvm's may gain or lose a third by where the linker happens to put it.
package bench
