package arm64

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
	c.addImm(8, tmp1, record, int64(abi.FrameSize), tmp2)
	c.op(8, opSUBS, ZR, tmp1, limit)
	c.toDriverIf(bcond(condHS), pc)
	c.mov(8, record, tmp1)
	c.preserved(opSTP, storing)
	ret := c.adr(tmp1)
	c.store8(tmp1, record, abi.OffReturn)
	c.movImm(tmp1, uint64(pc+1))
	c.store8(tmp1, record, abi.OffSlot)
	c.moveFrame(mem.FrameStride)
	if c.checked {
		escapes := c.p.Flags[to]&plan.Escapes != 0
		open := ZR
		if escapes {
			open = tmp1
			c.movImm(open, 1)
		}
		c.store8(open, record, abi.OffOpen)
		if escapes {
			c.call(c.opens, link)
		}
	}
	c.jumpSlot(opB, pc, to)
	c.landAdr(ret)
}

func (c *Compiler) moveFrame(n int64) {
	c.addImm(8, r10, r10, n, tmp1)
	c.addImm(8, frame, frame, n, tmp1)
}

// exit returns to the caller's native code. The driver sees the last exit, and
// those from callbacks and into another program.
func (c *Compiler) exit(pc int) {
	if !c.p.Calls {
		c.leaveIf(opB, abi.Done, pc)
		return
	}
	c.load8(tmp2, record, abi.OffReturn)
	c.leaveIf(cbz(8, tmp2), abi.Done, pc)
	c.preserved(opLDP, loading)
	if c.checked {
		c.load8(tmp1, record, abi.OffOpen)
	}
	c.addImm(8, record, record, -int64(abi.FrameSize), tmp3)
	if c.checked {
		shut := c.skip(cbz(8, tmp1))
		c.call(c.closes, link) // keeps tmp2
		c.land(shut)
	}
	c.moveFrame(-mem.FrameStride)
	c.jumpReg(tmp2)
}

// preserved stores r6 to r9 into a frame's record, or loads them, if the program
// uses them.
func (c *Compiler) preserved(pair, one uint32) {
	for r := uint8(6); r <= 8; r += 2 {
		disp := abi.OffSaved + 8*int32(r-6)
		switch used := c.p.Used >> r & 3; {
		case used == 0:
		case used == 1 || r == 8 && mutant.On(mutant.JITCalleeClobbersR9):
			c.access(8, one, host(r), at(record, disp), ZR)
		case used == 2:
			c.access(8, one, host(r+1), at(record, disp+8), ZR)
		default:
			c.pairAt(pair, host(r), host(r+1), record, disp)
		}
	}
}

// frameRoutines are subroutines that make the frame accessible that r10 points
// to, or inaccessible: they write its shadow bytes. They change tmp1 and tmp3.
func (c *Compiler) frameRoutines() {
	if !c.p.Calls || !c.checked {
		return
	}
	c.opens = c.here()
	c.movImm(tmp3, uint64(mem.RW)*0x0101_0101_0101_0101)
	c.fillFrame(tmp3)
	c.closes = c.here()
	c.fillFrame(ZR)
}

// fillFrame stores v over the frame's shadow, and returns.
func (c *Compiler) fillFrame(v Reg) {
	c.op(8, opADD, tmp1, shadow, r10)
	for disp := int32(-mem.FrameSize); disp < 0; disp += 16 {
		c.pairAt(opSTP, v, v, tmp1, disp)
	}
	c.jumpReg(link)
}
