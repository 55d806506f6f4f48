// Package reduce makes small cases of large ones.
//
// [Reducer.Identify] finds the instruction that a mismatch comes from, and
// [Reducer.Shrink] the shortest case that shows it. There are two ways, and the
// first one is tried first.
//
// # Rebuild
//
// The reference VM has seen the operands of the diverging instruction. So a
// witness can be written from nothing: set the operands, run the one instruction,
// return what it made.
//
//	r3 = 0x8000000000000000 ll      operand, as observed
//	r4 = -1                         operand, as observed
//	r3 s/= r4                       the instruction
//	r0 = r3
//	exit
//
// If that case diverges in the same way, nothing needs to be searched. It also
// serves to find the instruction where a target cannot be stepped: every
// instruction of the run is tried.
//
// # Delete
//
// What does not fit into one instruction (calls, tail calls, aliased memory) is
// cut down: inputs, maps, programs, instructions in blocks of falling size;
// values replaced by the constants that were observed, branches by jumps, numbers
// by smaller ones. Each candidate must still load, and show the same signature.
//
// Reduction is deterministic, and bounded by a number of evaluations.
package reduce
