// Package fastvm is an interpreter built for speed: it translates a program once
// into instructions that are cheap to run, and then runs them in one loop.
//
//	[]spec.Insn ──▶ predecode ──▶ fuse ──▶ []insn ──▶ loop ⇄ driver
//	                (load.go)    (fuse.go)            (loop.go) (run.go)
//
// # Predecoding
//
// One slot becomes one 16-byte insn at the same index: immediates are
// sign-extended, jump distances are in bytes, and forms that share an eBPF opcode
// (sdiv, movsx, the sources of call) get opcodes of their own. Since indices stay
// the same, a pc is a pc, and jumps need no fixing.
//
// # Fusion
//
// Frequent runs of two or three instructions execute as one. Fusing changes the op
// of the first slot and nothing else: the handler goes on to the slots after it,
// which still hold the plain instructions. So a jump into the middle of a run works,
// and a fault in a later part has the right pc. A run's handler is its parts'
// handlers joined by the generator; the list of runs is in gen_test.go.
//
// # Loop and driver
//
// The loop does what needs no call in Go: arithmetic, jumps, loads, stores. For all
// else (helpers, atomics, bpf_loop, …) it leaves with the pc of the instruction; the
// driver carries that out and enters the loop again.
//
// There are three loops. loop.go is written by hand, for careful running: it makes
// accesses through methods of mem.Memory, for hosts without a window, and looks at
// the fuel before every instruction. gen_test.go makes the other two from it:
// zloop_checked.go looks at the shadow bytes of an access itself, zloop_trusted.go
// masks its address instead; both have the fused runs.
//
// # Fuel
//
// Executed instructions are not counted one by one. Within straight-line code the
// program counter itself counts, so the loop keeps
//
//	executed = (position of ip + acc) / size of an insn
//
// and a taken jump over d bytes subtracts d from acc. That count is exact at any
// instruction. It is compared with the limit where control turns: taken jumps,
// calls, returns. For exact fuel the limit lies one program length before the end,
// so that straight-line code cannot overrun it; from there on the careful loop runs.
//
// # Independence
//
// The meaning of instructions is stated here by hand, from RFC 9669's prose, and
// never taken from the trees of package spec: a mistake there must show up as a
// disagreement.
package fastvm
