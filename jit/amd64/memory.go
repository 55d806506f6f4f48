package amd64

import (
	"github.com/lockstep-ebpf/lockstep/internal/mutant"
	"github.com/lockstep-ebpf/lockstep/spec"
	"github.com/lockstep-ebpf/lockstep/vm/mem"
)

// place makes the operand of an access of n bytes at guest register r + off; reads
// says that it is a load.
//
// Trusted, it is window + (u32)r + off: the displacement is added after masking and
// may reach into the guards. Checked, the same bytes are looked up in the shadow;
// what does not pass is left to the driver, which knows it all: permissions other
// than read and write, addresses that are in the window only after off is added,
// faults.
func (c *Compiler) place(pc int, r uint8, off int16, n int, reads bool) Mem {
	disp := int32(off)
	if r == 10 && (!c.checked || inFrame(disp, n)) {
		return at(frame, disp)
	}
	index := c.operand(r, tmp1)
	if r != 10 && !c.upperZero(r) {
		c.mov(4, tmp1, index)
		if c.checked && !mutant.On(mutant.JITHighHalfIgnored) {
			c.arith(8, digitCMP, tmp1, index)
			c.toDriverIf(condNE, pc)
		}
		index = tmp1
	}
	if c.checked {
		c.look(indexed(shadow, index, disp), n)
		if reads {
			c.looks = append(c.looks, readOnly{c.jcc(condNE), c.here(), pc, indexed(shadow, index, disp), n})
		} else {
			c.toDriverIf(condNE, pc)
		}
	}
	return indexed(window, index, disp)
}

// inFrame reports whether n bytes at r10 + off are the frame's. All of it may be
// read and written while its function runs.
func inFrame(off int32, n int) bool {
	if mutant.On(mutant.JITFrameTooLong) {
		n -= 8
	}
	return off >= -mem.FrameSize && off+int32(n) <= 0
}

// look compares n shadow bytes with read and write, all that most memory allows.
func (c *Compiler) look(m Mem, n int) {
	if mutant.On(mutant.JITLooksAtHalf) {
		n = min(n, 4)
	}
	switch {
	case c.mask != none:
		c.rm(n, 0x39, c.mask, m)
	case n == 1:
		c.extMem(1, 0x81, digitCMP, m)
		c.byte(byte(mem.RW))
	case n == 4:
		c.arithMemImm(4, digitCMP, m, 0x0303_0303)
	case n == 2:
		c.rm(4, 0x0fb7, tmp2, m)
		c.arithImm(4, digitCMP, tmp2, 0x0303)
	default:
		c.movImm(tmp2, 0x0303_0303_0303_0303)
		c.rm(8, 0x39, tmp2, m)
	}
}

// readOnly is the second look of a load, out of line: at bytes that may be read and
// not written, such as a context's. It goes back where there is no objection.
type readOnly struct {
	at, back int // the distance that leads here; where to go back to
	pc       int
	m        Mem // in the shadow
	n        int
}

func (c *Compiler) coldLooks() {
	for _, x := range c.looks {
		c.patch(x.at, c.here())
		for x.n > 4 { // in two halves: there is no immediate of 8 bytes
			c.lookRead(x.m, 4)
			c.toDriverIf(condNE, x.pc)
			x.m.Disp += 4
			x.n -= 4
		}
		c.lookRead(x.m, x.n)
		c.patch(c.jcc(condE), x.back)
		c.toDriver(x.pc)
	}
}

// lookRead sets the flag for equal if n shadow bytes all have the bit for reading.
func (c *Compiler) lookRead(m Mem, n int) {
	c.loadZero(n, tmp2, m)
	c.ext(4, 0xf7, digitNOT, tmp2)
	c.testImm(4, tmp2, 0x0101_0101&(1<<(8*n-1)-1))
}

func (c *Compiler) loadInsn(pc int, i *spec.Insn) {
	if c.p.Aux[pc].Flags != 0 {
		c.toDriver(pc)
		c.wrote(i.Dst, false)
		return
	}
	dst, n := host[i.Dst], i.Bytes()
	m := c.place(pc, i.Src, i.Off, n, true)
	if i.Op&0xe0 == spec.ModeMEMSX {
		c.rm(8, [5]uint32{1: 0x0fbe, 2: 0x0fbf, 4: 0x63}[n], dst, m)
		c.wrote(i.Dst, false)
		return
	}
	if mutant.On(mutant.JITLDXHSignExtends) && n == 2 {
		c.rm(8, 0x0fbf, dst, m)
		c.wrote(i.Dst, false)
		return
	}
	c.loadZero(n, dst, m)
	c.wrote(i.Dst, n < 8)
}

// loadZero loads n bytes, zero-extended.
func (c *Compiler) loadZero(n int, dst Reg, m Mem) {
	switch n {
	case 1:
		c.rm(4, 0x0fb6, dst, m)
	case 2:
		c.rm(4, 0x0fb7, dst, m)
	default:
		c.load(n, dst, m)
	}
}

func (c *Compiler) storeInsn(pc int, i *spec.Insn) {
	n := i.Bytes()
	m := c.place(pc, i.Dst, i.Off, n, false)
	if mutant.On(mutant.AMD64PointerReadTwice) && pc > 1 {
		m = c.pointerAgain(&c.p.Insns[pc-2], i, m)
	}
	if i.Class() == spec.ClassST {
		if mutant.On(mutant.JITStoreImmZeroExtends) && n == 8 {
			c.movImm32(tmp2, uint32(i.Imm))
			c.store(8, m, tmp2)
			return
		}
		if c.p.Blind {
			c.blindImm(tmp2, i.Imm)
			c.store(n, m, tmp2)
			return
		}
		c.storeImm(n, m, i.Imm)
		return
	}
	src := c.operand(i.Src, tmp2)
	if mutant.On(mutant.JITStoreByteHigh) && n == 1 && (src == RSI || src == RDI) && m.Base < R8 && m.Index < R8 {
		c.byte(0x88) // no REX: dh and bh
		c.mem(byte(src), m)
		return
	}
	c.store(n, m, src)
}

// pointerAgain is a planted bug: the operand m of a store by a pointer that is loaded a
// second time, if load, two instructions before, has loaded it. Nothing comes between two
// loads that a processor makes at once, so it is made to wait in between.
func (c *Compiler) pointerAgain(load, store *spec.Insn, m Mem) Mem {
	if load.Op != spec.LDXDW || load.Dst != store.Dst || load.Src == load.Dst || load.Src == 10 {
		return m
	}
	for range 8 {
		c.byte(0xf3, 0x90) // pause
	}
	c.byte(0x0f, 0xae, 0xe8) // lfence
	c.mov(4, tmp1, host[load.Src])
	c.load(4, tmp1, indexed(window, tmp1, int32(load.Off)))
	return indexed(window, tmp1, m.Disp)
}
