// Package yardstick builds and drives an interpreter in C with computed gotos,
// which figures of our own engines are quoted against: nanoseconds differ from one
// machine to the next, ratios hardly.
//
// c/yardstick.c is compiled by the system's C compiler, at -O2, the first time a
// benchmark wants it, into the user's cache. It runs as a process of its own; no
// product contains it. It knows what the benchmarks need: arithmetic, jumps, loads
// and stores, local calls, array maps (helpers 1 and 2) and bpf_loop.
//
// # Protocol
//
// Numbers are 32 bits in the host's order. Standard input begins with
//
//	slots n, n slots of 8 bytes · memory n, n bytes · maps n, n times value size and entries
//
// After that each number asks for so many runs, and is answered with a line: r0 of
// the last run, and the thread's CPU time of all in nanoseconds.
package yardstick
