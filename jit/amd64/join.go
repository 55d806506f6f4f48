package amd64

import (
	"math/bits"

	"github.com/lockstep-ebpf/lockstep/jit/plan"
	"github.com/lockstep-ebpf/lockstep/spec"
	"github.com/lockstep-ebpf/lockstep/vm/mem"
)

// join compiles two or three instructions of a block, from pc on, as one, where x86
// has one for all. It gives their number, or 0, with nothing emitted, where it has none. None of
// them can leave for the driver, so nobody resumes between them.
func (c *Compiler) join(pc int) int {
	if c.p.Flags[pc+1]&plan.Head != 0 {
		return 0
	}
	i, j := &c.p.Insns[pc], &c.p.Insns[pc+1]
	if !adds(i, j) {
		return 0
	}
	size := 4
	if i.Class() == spec.ClassALU64 {
		size = 8
	}
	dst := host[i.Dst]
	var m Mem
	n := 2
	switch fromReg := j.Op&spec.SrcX != 0; {
	case i.Op&^7 == spec.OpMUL && !fromReg && (i.Imm == 3 || i.Imm == 5 || i.Imm == 9): // dst * n + imm
		m = Mem{Base: dst, Index: dst, Disp: j.Imm, Scale: uint8(bits.TrailingZeros32(uint32(i.Imm - 1)))}
	case i.Op&^7 != spec.OpMOV|spec.SrcX:
		return 0
	case i.Src == 10:
		if size == 8 && !fromReg {
			c.frameAddress(i.Dst, j.Imm)
			return n
		}
		return 0
	case !fromReg: // src + imm
		m = at(host[i.Src], j.Imm)
		if k := c.third(pc, spec.SrcX); k != nil { // + register
			m, n = indexed(m.Base, host[k.Src], m.Disp), 3
		}
	case j.Src == 10:
		return 0
	case j.Src == i.Dst: // src + src
		m = indexed(host[i.Src], host[i.Src], 0)
	default:
		m = indexed(host[i.Src], host[j.Src], 0)
		if k := c.third(pc, 0); k != nil { // + imm
			m.Disp, n = k.Imm, 3
		}
	}
	c.lea(size, dst, m)
	c.wrote(i.Dst, size == 4)
	return n
}

// adds reports whether j adds to what i, of the same width, has made.
func adds(i, j *spec.Insn) bool {
	class := i.Class()
	return (class == spec.ClassALU || class == spec.ClassALU64) && i.Off == 0 &&
		j.Class() == class && j.Op&0xf0 == spec.OpADD && j.Dst == i.Dst
}

// third is the instruction after the next, if it adds what a lea has room for: a
// register that is none of its own, or an immediate.
func (c *Compiler) third(pc int, source uint8) *spec.Insn {
	if c.p.Flags[pc+2]&plan.Head != 0 {
		return nil
	}
	i, k := &c.p.Insns[pc], &c.p.Insns[pc+2]
	if !adds(i, k) || k.Op&spec.SrcX != source || source != 0 && (k.Src == k.Dst || k.Src == 10) {
		return nil
	}
	return k
}

// frameAddress is dst = r10 + imm.
func (c *Compiler) frameAddress(dst uint8, imm int32) {
	c.lea(8, host[dst], at(frame, imm))
	c.arith(8, digitSUB, host[dst], window)
	c.wrote(dst, imm >= -mem.StackBase) // stacks are in the lower half of the window
}
