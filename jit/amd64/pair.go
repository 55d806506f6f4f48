package amd64

import (
	"math/bits"

	"github.com/lockstep-ebpf/lockstep/spec"
	"github.com/lockstep-ebpf/lockstep/vm/mem"
)

// pair compiles two instructions of a block as one, where x86 has one for both. It
// reports false, with nothing emitted, where it has not. Neither can leave for the
// driver, so nobody resumes between them.
func (c *Compiler) pair(i, j *spec.Insn) bool {
	size := 4
	switch i.Class() {
	case spec.ClassALU:
	case spec.ClassALU64:
		size = 8
	default:
		return false
	}
	if j.Class() != i.Class() || j.Op&0xf0 != spec.OpADD || j.Dst != i.Dst || i.Off != 0 {
		return false
	}
	dst := host[i.Dst]
	var m Mem
	switch fromReg := j.Op&spec.SrcX != 0; {
	case i.Op&^7 == spec.OpMUL && !fromReg && (i.Imm == 3 || i.Imm == 5 || i.Imm == 9): // dst * n + imm
		m = Mem{Base: dst, Index: dst, Disp: j.Imm, Scale: uint8(bits.TrailingZeros32(uint32(i.Imm - 1)))}
	case i.Op&^7 != spec.OpMOV|spec.SrcX:
		return false
	case i.Src == 10:
		return size == 8 && !fromReg && c.frameAddress(i.Dst, j.Imm)
	case !fromReg: // src + imm
		m = at(host[i.Src], j.Imm)
	case j.Src == 10:
		return false
	case j.Src == i.Dst: // src + src
		m = indexed(host[i.Src], host[i.Src], 0)
	default:
		m = indexed(host[i.Src], host[j.Src], 0)
	}
	c.lea(size, dst, m)
	c.wrote(i.Dst, size == 4)
	return true
}

// frameAddress is dst = r10 + imm.
func (c *Compiler) frameAddress(dst uint8, imm int32) bool {
	c.lea(8, host[dst], at(frame, imm))
	c.arith(8, digitSUB, host[dst], window)
	c.wrote(dst, imm >= -mem.StackBase) // stacks are in the lower half of the window
	return true
}
