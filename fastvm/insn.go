package fastvm

import "unsafe"

// insn is a predecoded instruction, or one half of a fused pair. It stands at the
// same index as its slot in the program.
//
//	byte 0     2     3     4            8                        16
//	    +-----+-----+-----+------------+------------------------+
//	    | op  | dst | src | off        | imm                    |
//	    +-----+-----+-----+------------+------------------------+
type insn struct {
	op       uint16 // see ops.go
	dst, src uint8
	off      int32  // of a jump or local call: bytes from the next insn to the target; else the slot's offset
	imm      uint64 // sign-extended; of an LDDW all 64 bits
}

// size is the size of an insn in bytes.
const size = 16

var _ = [1]struct{}{}[unsafe.Sizeof(insn{})-size] // it is
