// Package arm64 is the lowering for AArch64, Armv8.0 and, where the processor has
// them, the atomic operations of Armv8.1. Package jit's doc says what it has to keep
// and where things are in registers.
//
//	compile.go   a program from prologue to cold exits     asm.go          data processing
//	alu.go       arithmetic; pair.go: two at once          asm_mem.go      accesses
//	div.go       division; div_const.go: by constants      asm_branch.go   jumps, and how far they reach
//	memory.go    where an access goes, and the look        logical.go      immediates of and, orr, eor
//	             at the shadow; atomic.go
//	jump.go      conditions; call.go, helper.go: calls
//	blind.go     constants that are not to be seen
//
// The encoder's sources are the Arm Architecture Reference Manual for A-profile (DDI
// 0487), part C, and llvm-mc and golang.org/x/arch in its tests.
package arm64
