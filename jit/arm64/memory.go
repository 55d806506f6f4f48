package arm64

import (
	"math/rand/v2"

	"github.com/lockstep-ebpf/lockstep/internal/mutant"
	"github.com/lockstep-ebpf/lockstep/spec"
	"github.com/lockstep-ebpf/lockstep/vm/mem"
)

// place makes the operand of an access of n bytes at guest register r + off; reads
// says that it is a load. It may be in tmp1.
//
// Trusted, it is window + (u32)r + off: the displacement is added after masking and
// may reach into the guards. Checked, r + off is what the reference VM has for an
// address, all 64 bits of it. Its upper half has to be 0 and its bytes are looked up
// in the shadow; what does not pass is left to the driver, which knows it all.
func (c *Compiler) place(pc int, r uint8, off int16, n int, reads bool) Mem {
	disp := int32(off)
	if r == 10 && (!c.checked || inFrame(disp, n)) {
		return at(frame, disp+mem.FrameSize)
	}
	if c.checked {
		return c.lookedAt(pc, r, disp, n, reads)
	}
	if disp == 0 {
		return masked(window, host(r))
	}
	c.addMasked(tmp1, window, host(r))
	return at(tmp1, disp)
}

// inFrame reports whether n bytes at r10 + off are the frame's. All of it may be
// read and written while its function runs.
func inFrame(off int32, n int) bool {
	if mutant.On(mutant.JITFrameTooLong) {
		n -= 8
	}
	return off >= -mem.FrameSize && off+int32(n) <= 0
}

// look is a look at n shadow bytes.
type look struct {
	index Reg  // the guest address
	wide  bool // of which all 64 bits count: where they are less than 4 GiB too many, or less than 0, there is the guard
	n     int
}

func (l look) in(base Reg) Mem {
	if l.wide {
		return indexed(base, l.index)
	}
	return masked(base, l.index)
}

// lookedAt is place in checked mode.
//
//	add   x11, r, #off           if off is not 0
//	ldr   x12, [shadow, w11]
//	eor   x12, x12, #3 * n
//	orr   x12, x12, x11, lsr #32
//	cbnz  x12, out of line
//
// Where r is known to have an upper half of 0, r + off is at most 32 KiB outside of
// the window. The shadow's guards say so, and the orr is not needed.
func (c *Compiler) lookedAt(pc int, r uint8, disp int32, n int, reads bool) Mem {
	l := look{index: host(r), wide: c.upperZero(r), n: n}
	if disp != 0 {
		l.index = tmp1
		c.addImm(8, tmp1, host(r), int64(disp), tmp2)
	}
	c.look(l, reads, pc)
	return l.in(window)
}

// look leaves unless all bytes may be read and written; a load looks again out of
// line, whether they may be read at least.
func (c *Compiler) look(l look, reads bool, pc int) {
	if mutant.On(mutant.JITLooksAtHalf) {
		l.n = min(l.n, 4)
	}
	c.access(l.n, loading, tmp2, l.in(shadow), ZR)
	c.lessShadow(l.n, mem.RW)
	c.joinUpper(l)
	if reads {
		c.looks = append(c.looks, readOnly{c.jump(cbnz(8, tmp2)), c.here(), pc, l})
	} else {
		c.toDriverIf(cbnz(8, tmp2), pc)
	}
}

// lessShadow makes tmp2 0 if it holds n shadow bytes p, and only then. There is no
// immediate of eor for two bytes.
func (c *Compiler) lessShadow(n int, p mem.Perm) {
	switch n {
	case 2:
		c.add12(4, opSUB, tmp2, tmp2, int64(p)*0x0101)
	case 8:
		c.logicalImm(8, opEOR, tmp2, tmp2, uint64(p)*0x0101_0101_0101_0101)
	case 4:
		c.logicalImm(4, opEOR, tmp2, tmp2, uint64(p)*0x0101_0101)
	default:
		c.logicalImm(4, opEOR, tmp2, tmp2, uint64(p))
	}
}

// joinUpper makes tmp2 other than 0 if the upper half of an address is.
func (c *Compiler) joinUpper(l look) {
	if !l.wide && !mutant.On(mutant.JITHighHalfIgnored) {
		c.opShifted(8, opORR, tmp2, tmp2, l.index, shiftLSR, 32)
	}
}

// readOnly is the second look of a load, out of line: at bytes that may be read and
// not written, such as a context's. It goes back where there is no objection.
type readOnly struct {
	at, back int // the jump that leads here; where to go back to
	pc       int
	look     look
}

func (c *Compiler) coldLooks() {
	for _, x := range c.looks {
		c.patch(x.at, c.here())
		c.access(x.look.n, loading, tmp2, x.look.in(shadow), ZR)
		c.logicalImm(8, opAND, tmp2, tmp2, uint64(mem.Read)*0x0101_0101_0101_0101)
		c.lessShadow(x.look.n, mem.Read)
		c.joinUpper(x.look)
		c.jumpTo(cbz(8, tmp2), x.back)
		c.toDriver(x.pc)
	}
}

func (c *Compiler) loadInsn(pc int, i *spec.Insn) {
	if c.p.Aux[pc].Flags != 0 {
		c.toDriver(pc)
		c.wrote(i.Dst, false)
		return
	}
	n, op, known := i.Bytes(), uint32(loading), i.Bytes() < 8
	if i.Op&0xe0 == spec.ModeMEMSX || mutant.On(mutant.JITLDXHSignExtends) && n == 2 {
		op, known = signedLd, false
	}
	c.access(n, op, host(i.Dst), c.place(pc, i.Src, i.Off, n, true), tmp3)
	if mutant.On(mutant.ARM64SignedLoadNarrow) && op == signedLd && n < 4 {
		c.mov(4, host(i.Dst), host(i.Dst))
	}
	c.wrote(i.Dst, known)
}

func (c *Compiler) storeInsn(pc int, i *spec.Insn) {
	n := i.Bytes()
	m := c.place(pc, i.Dst, i.Off, n, false)
	src := host(i.Src)
	if i.Class() == spec.ClassST {
		src = ZR
		if c.p.Blind {
			src = hidden
			c.blind(src, uint64(int64(i.Imm)), uint64(int64(int32(rand.Uint32()))))
		} else if v := truncated(min(max(n, 4), 8), int64(i.Imm)); v != 0 {
			src = tmp2
			if mutant.On(mutant.JITStoreImmZeroExtends) {
				v = uint64(uint32(v))
			}
			c.movImm(src, v)
		}
	} else if mutant.On(mutant.JITStoreByteHigh) && n == 1 && (i.Src == 1 || i.Src == 2) {
		c.shr(8, opUBFM, tmp2, src, 8)
		src = tmp2
	}
	c.access(n, storing, src, m, tmp3)
}
