package arm64

import (
	"github.com/lockstep-ebpf/lockstep/internal/mutant"
	"github.com/lockstep-ebpf/lockstep/spec"
	"github.com/lockstep-ebpf/lockstep/vm/mem"
)

// atomic compiles atomics. Their order is that of Linux's JIT: what fetches is fully
// ordered, what does not is not ordered at all.
func (c *Compiler) atomic(pc int, i *spec.Insn) {
	n, src := i.Bytes(), host(i.Src)
	switch i.Imm {
	case spec.AtomicLoadAcq:
		c.aligned(pc, i.Src, i.Off, n)
		c.ordered(n, opLDAR, host(i.Dst), tmp1)
		c.wrote(i.Dst, n < 8)
		return
	case spec.AtomicStoreRel:
		c.aligned(pc, i.Dst, i.Off, n)
		c.ordered(n, opSTLR, src, tmp1)
		return
	}
	c.aligned(pc, i.Dst, i.Off, n)
	switch {
	case i.Imm == spec.AtomicCmpXchg:
		c.cmpXchg(n, src)
	default:
		if c.Features.LSE {
			c.stepLSE(n, i.Imm, src)
		} else {
			c.stepExclusive(n, i.Imm, src)
		}
		if i.Imm&spec.AtomicFetch != 0 {
			c.wrote(i.Src, n < 8)
			if mutant.On(mutant.JITFetchClobbersR0) && i.Imm != spec.AtomicAdd|spec.AtomicFetch && i.Imm != spec.AtomicXchg {
				c.mov(8, host(0), src)
				c.wrote(0, false)
			}
		}
	}
}

// stepLSE is the step as one instruction, at [tmp1].
func (c *Compiler) stepLSE(n int, imm int32, src Reg) {
	op, x, old := uint32(0), src, ZR
	switch imm &^ spec.AtomicFetch {
	case spec.AtomicAdd:
		op = opLDADD
	case spec.AtomicOr:
		op = opLDSET
	case spec.AtomicXor:
		op = opLDEOR
	case spec.AtomicAnd:
		op, x = opLDCLR, tmp2
		c.op(n, opORN, x, ZR, src)
		if mutant.On(mutant.ARM64AtomicAndPlain) {
			c.mov(n, x, src)
		}
	default:
		op = opSWP
	}
	if imm&spec.AtomicFetch != 0 {
		op, old = op|acqRel, src
	}
	c.step(n, op, x, old, tmp1)
}

// stepExclusive is the step at [tmp1] as a loop of a load and a store that fails if
// somebody else has stored in between. The barrier keeps what follows from being
// done before the store.
func (c *Compiler) stepExclusive(n int, imm int32, src Reg) {
	fetch := imm&spec.AtomicFetch != 0
	again := c.here()
	c.ordered(n, opLDXR, tmp2, tmp1)
	to := tmp3
	switch imm &^ spec.AtomicFetch {
	case spec.AtomicAdd:
		c.op(n, opADD, to, tmp2, src)
	case spec.AtomicOr:
		c.op(n, opORR, to, tmp2, src)
	case spec.AtomicXor:
		c.op(n, opEOR, to, tmp2, src)
	case spec.AtomicAnd:
		c.op(n, opAND, to, tmp2, src)
	default:
		to = src
	}
	if !fetch {
		c.storeX(n, opSTXR, tmp4, to, tmp1)
		c.jumpTo(cbnz(4, tmp4), again)
		return
	}
	c.storeX(n, opSTLXR, tmp4, to, tmp1)
	c.jumpTo(cbnz(4, tmp4), again)
	c.barrier()
	c.mov(n, src, tmp2)
}

// cmpXchg stores src at [tmp1] if r0 is there, and makes r0 what was there.
func (c *Compiler) cmpXchg(n int, src Reg) {
	c.wrote(0, n < 8)
	if mutant.On(mutant.JITCmpXchg32KeepsUpper) && n == 4 {
		c.mov(8, tmp3, host(0))
		defer func() {
			c.op(4, opSUBS, ZR, tmp3, host(0))
			c.csel(8, host(0), tmp3, host(0), condEQ)
			c.wrote(0, false)
		}()
	}
	if c.Features.LSE {
		c.step(n, opCASAL, host(0), src, tmp1)
		return
	}
	again := c.here()
	c.ordered(n, opLDXR, tmp2, tmp1)
	c.op(n, opSUBS, ZR, tmp2, host(0))
	differs := c.skip(bcond(condNE))
	c.storeX(n, opSTLXR, tmp4, src, tmp1)
	c.jumpTo(cbnz(4, tmp4), again)
	c.barrier()
	c.land(differs)
	c.mov(n, host(0), tmp2)
}

// aligned makes tmp1 the host address of an atomic access. Guest addresses that are
// no multiples of n are left to the driver.
func (c *Compiler) aligned(pc int, r uint8, off int16, n int) {
	disp := int32(off)
	if r == 10 && inFrame(disp, n) && disp%int32(n) == 0 {
		c.addImm(8, tmp1, frame, int64(disp+mem.FrameSize), tmp2)
		return
	}
	c.addImm(8, tmp1, host(r), int64(disp), tmp2)
	align := n
	if mutant.On(mutant.JITAlign64By4) {
		align = min(align, 4)
		defer c.logicalImm(8, opAND, tmp1, tmp1, -uint64(n)) // the processor would fault
	}
	if align > 1 {
		c.logicalImm(8, opANDS, ZR, tmp1, uint64(align-1))
		c.toDriverIf(bcond(condNE), pc)
	}
	if c.checked {
		c.look(look{index: tmp1, n: n}, false, pc)
	}
	c.addMasked(tmp1, window, tmp1)
}
