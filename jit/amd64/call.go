package amd64

import (
	"github.com/lockstep-ebpf/lockstep/internal/mutant"
	"github.com/lockstep-ebpf/lockstep/jit/abi"
	"github.com/lockstep-ebpf/lockstep/jit/plan"
	"github.com/lockstep-ebpf/lockstep/vm/mem"
)

// callLocal calls the function at slot to. The first call into each frame of a run
// goes through the driver, which opens the frame; so does one that is too deep.
//
// Opening and closing a frame writes 512 shadow bytes, and most functions reach
// their frame at constant distances from r10 only, where nobody looks. So only a
// function that makes pointers to its frame gets it opened here. If another one's is
// looked up after all, the look fails, and the driver opens it.
func (c *Compiler) callLocal(pc, to int) {
	c.load(8, tmp1, at(RSP, slotFrame))
	c.arithImm(8, digitADD, tmp1, abi.FrameSize)
	c.rm(8, 0x3b, tmp1, at(RSP, slotLimit)) // cmp
	c.toDriverIf(condAE, pc)
	c.store(8, at(RSP, slotFrame), tmp1)
	c.preserved(0x89, tmp1)
	ret := c.leaNext(tmp2)
	c.store(8, at(tmp1, abi.OffReturn), tmp2)
	c.storeImm(8, at(tmp1, abi.OffSlot), int32(pc+1))
	c.arithImm(8, digitADD, frame, mem.FrameStride)
	if c.checked {
		if c.p.Flags[to]&plan.Escapes != 0 {
			c.storeImm(8, at(tmp1, abi.OffOpen), 1)
			c.call(c.opens)
		} else {
			c.storeImm(8, at(tmp1, abi.OffOpen), 0)
		}
	}
	c.jumpSlot(pc, to)
	c.patch(ret, c.here())
}

// exit returns to the caller's native code. The driver sees the last exit, and
// those from callbacks and into another program.
func (c *Compiler) exit(pc int) {
	if !c.p.Calls {
		c.leaveFor(abi.Done, pc)
		return
	}
	c.load(8, tmp1, at(RSP, slotFrame))
	c.load(8, tmp2, at(tmp1, abi.OffReturn))
	c.test(8, tmp2, tmp2)
	c.exits = append(c.exits, exit{at: c.jcc(condE), code: abi.Leave(abi.Done, pc)})
	c.preserved(0x8b, tmp1)
	if c.checked {
		c.arithMemImm(8, digitCMP, at(tmp1, abi.OffOpen), 0)
	}
	c.lea(8, tmp1, at(tmp1, -abi.FrameSize)) // keeps the flags
	c.store(8, at(RSP, slotFrame), tmp1)
	if c.checked {
		shut := c.jccShort(condE)
		c.call(c.closes) // keeps tmp2
		c.landShort(shut)
	}
	c.arithImm(8, digitSUB, frame, mem.FrameStride)
	c.jmpReg(tmp2)
}

// preserved stores r6 to r9, those that the program uses, into a frame's record, or
// loads them, by the opcode of mov.
func (c *Compiler) preserved(op uint32, record Reg) {
	for r := 6; r <= 9; r++ {
		if mutant.On(mutant.JITCalleeClobbersR9) && r == 9 {
			return
		}
		if c.p.Used>>r&1 != 0 {
			c.rm(8, op, host[r], at(record, abi.OffSaved+8*int32(r-6)))
		}
	}
}

// frameRoutines are subroutines that make the frame accessible that r10 points
// to, or inaccessible: they write its shadow bytes. They change tmp1 and xmm0.
func (c *Compiler) frameRoutines() {
	if !c.p.Calls || !c.checked {
		return
	}
	c.opens = c.here()
	c.movImm(tmp1, 0x0303_0303_0303_0303)
	c.byte(0x66, 0x49, 0x0f, 0x6e, 0xc2) // movq xmm0, r10
	c.byte(0x66, 0x0f, 0x6c, 0xc0)       // punpcklqdq xmm0, xmm0
	c.fillFrame()
	c.closes = c.here()
	c.byte(0x0f, 0x57, 0xc0) // xorps xmm0, xmm0
	c.fillFrame()
}

// fillFrame stores xmm0 over the frame's shadow, and returns.
func (c *Compiler) fillFrame() {
	c.lea(8, tmp1, indexed(frame, shadow, 0))
	c.arith(8, digitSUB, tmp1, window)
	for off := int32(-mem.FrameSize); off < 0; off += 16 {
		c.rm(4, 0x0f11, 0, at(tmp1, off)) // movups [tmp1 + off], xmm0
	}
	c.ret()
}

// call calls a routine, with a real call: it may not call another.
func (c *Compiler) call(to int) {
	c.byte(0xe8, 0, 0, 0, 0)
	c.patch(c.here()-4, to)
}

// leaNext gives dst the address of a place that is patched in later.
func (c *Compiler) leaNext(dst Reg) (at int) {
	c.byte(rexBase|rexW|byte(dst>>3)<<2, 0x8d, byte(dst&7)<<3|ripRelative, 0, 0, 0, 0)
	return c.here() - 4
}

// ripRelative is the r/m of ModRM, with mod 0, for an address relative to the next
// instruction.
const ripRelative = 5
