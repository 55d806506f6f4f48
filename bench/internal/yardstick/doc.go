// Package yardstick builds and drives what figures of our own engines are quoted
// against: an interpreter in C with computed gotos, and the benchmarks themselves in
// C. Nanoseconds differ from one machine to the next, ratios hardly.
//
// The system's C compilers make them, the first time a benchmark wants them, in the
// user's cache. They run as processes of their own; no product contains them.
//
// c/yardstick.c is the interpreter, compiled at -O2. It knows what the benchmarks
// need: arithmetic, jumps, loads and stores, local calls, array maps (helpers 1 and 2)
// and bpf_loop. c/native.c calls a benchmark in C; [Compilers] says who compiles
// them, and how.
//
// # Protocol
//
// Numbers are 32 bits in the host's order. The interpreter's standard input begins with
//
//	slots n, n slots of 8 bytes · memory n, n bytes · maps n, n times value size and entries
//
// and that of native code, whose argument is the benchmark's name, with
//
//	memory n, n bytes
//
// After that each number asks for so many runs, and is answered with a line: the
// result of the last run, and the thread's CPU time of all in nanoseconds.
package yardstick
