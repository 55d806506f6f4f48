package amd64

import (
	"github.com/lockstep-ebpf/lockstep/internal/mutant"
	"github.com/lockstep-ebpf/lockstep/spec"
)

// divide compiles div, mod, sdiv and smod. x86 divides rdx:rax, and traps where
// eBPF has an answer: a divisor of 0, and MIN / -1. Both are asked for first.
func (c *Compiler) divide(i *spec.Insn, size int) {
	dst, fromReg := host[i.Dst], i.Op&spec.SrcX != 0
	mod, signed := i.Op&0xf0 == spec.OpMOD, i.Off == 1
	if mutant.On(mutant.JITDivClobbersR3) {
		c.wrote(3, false)
	}
	if !fromReg {
		if mutant.On(mutant.JITModOneIgnored) && mod && !signed && i.Imm == 1 {
			return
		}
		if signed && i.Imm == -1 {
			c.divideByMinusOne(size, mod, dst)
			return
		}
		v := uint64(int64(i.Imm))
		if size == 4 {
			v = uint64(uint32(v))
		}
		if !c.divideConst(size, mod, signed, dst, i.Imm) {
			c.movImm(tmp1, v)
			c.divideBy(size, mod, signed, dst)
		}
		return
	}
	if src := c.operand(i.Src, tmp1); src != tmp1 {
		c.mov(size, tmp1, src)
	}
	c.test(size, tmp1, tmp1)
	zero := c.jccShort(condE)
	minus, done2 := 0, 0
	if signed {
		c.arithImm(size, digitCMP, tmp1, -1)
		other := c.jccShort(condNE)
		c.divideByMinusOne(size, mod, dst)
		minus = c.jmpShort()
		c.landShort(other)
	}
	c.divideBy(size, mod, signed, dst)
	if mod && size == 8 { // by zero: dst stays as it is
		c.landShort(zero)
	} else {
		done2 = c.jmpShort()
		c.landShort(zero)
		if mod {
			c.mov(4, dst, dst)
		} else {
			c.movImm(dst, 0)
		}
		c.landShort(done2)
	}
	if signed {
		c.landShort(minus)
	}
}

// divideByMinusOne negates, or leaves no remainder.
func (c *Compiler) divideByMinusOne(size int, mod bool, dst Reg) {
	if mod {
		if !mutant.On(mutant.JITSmodMinusOne) {
			c.movImm(dst, 0)
		}
	} else {
		c.ext(size, 0xf7, digitNEG, dst)
	}
}

// divideBy divides dst by tmp1, which is neither 0 nor, if signed, -1.
func (c *Compiler) divideBy(size int, mod, signed bool, dst Reg) {
	if dst != RDX {
		c.store(8, at(RSP, slotSave), RDX)
	}
	if dst != RAX {
		c.mov(8, tmp2, RAX)
		c.mov(size, RAX, dst)
	}
	if signed {
		c.signExtendRAX(size)
		c.ext(size, 0xf7, digitIDIV, tmp1)
	} else {
		c.movImm(RDX, 0)
		c.ext(size, 0xf7, digitDIV, tmp1)
	}
	result := RAX
	if mod {
		result = RDX
	}
	// The other one of rax and rdx may have to be restored, and dst may be that one.
	if dst != result {
		c.mov(size, tmp1, result)
	}
	if dst != RAX {
		c.mov(8, RAX, tmp2)
	}
	if dst != RDX && !(mutant.On(mutant.JITDivClobbersR3) && dst == RAX) {
		c.load(8, RDX, at(RSP, slotSave))
	}
	if dst != result {
		c.mov(size, dst, tmp1)
	}
}
