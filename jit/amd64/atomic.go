package amd64

import (
	"github.com/lockstep-ebpf/lockstep/internal/mutant"
	"github.com/lockstep-ebpf/lockstep/spec"
)

// atomic compiles atomics. x86 orders loads and stores strongly enough that
// load-acquire and store-release are plain ones.
func (c *Compiler) atomic(pc int, i *spec.Insn) {
	n := i.Bytes()
	switch i.Imm {
	case spec.AtomicLoadAcq:
		m := c.aligned(pc, i.Src, i.Off, n)
		c.loadZero(n, host[i.Dst], m)
		c.wrote(i.Dst, n < 8)
		return
	case spec.AtomicStoreRel:
		m := c.aligned(pc, i.Dst, i.Off, n)
		c.store(n, m, c.operand(i.Src, tmp2))
		return
	}
	m := c.aligned(pc, i.Dst, i.Off, n)
	switch i.Imm {
	case spec.AtomicAdd, spec.AtomicOr, spec.AtomicAnd, spec.AtomicXor:
		src := c.operand(i.Src, tmp2)
		c.lock()
		c.rm(n, uint32(digits[i.Imm>>4])<<3|1, src, m)
	case spec.AtomicAdd | spec.AtomicFetch:
		c.lock()
		c.rm(n, 0x0fc1, host[i.Src], m) // xadd
		c.wrote(i.Src, n < 8)
	case spec.AtomicXchg:
		c.rm(n, 0x87, host[i.Src], m)
		c.wrote(i.Src, n < 8)
	case spec.AtomicCmpXchg:
		src := c.operand(i.Src, tmp2)
		c.lock()
		c.rm(n, 0x0fb1, src, m)
		if n == 4 && !mutant.On(mutant.JITCmpXchg32KeepsUpper) {
			c.mov(4, RAX, RAX) // it leaves rax alone when it succeeds
		}
		c.wrote(0, n < 8 && !mutant.On(mutant.JITCmpXchg32KeepsUpper))
	default:
		c.fetch(n, digits[i.Imm>>4&15], host[i.Src], m)
		c.wrote(i.Src, n < 8)
	}
}

// fetch is the fetching or, and, xor: x86 has none that gives the old value.
func (c *Compiler) fetch(n int, digit byte, src Reg, m Mem) {
	saved := at(RSP, slotSave)
	c.store(8, saved, RAX)
	c.load(n, RAX, m)
	again := c.here()
	c.mov(n, tmp2, RAX)
	if src == RAX {
		c.rm(n, uint32(digit)<<3|3, tmp2, saved)
	} else {
		c.arith(n, digit, tmp2, src)
	}
	c.lock()
	c.rm(n, 0x0fb1, tmp2, m) // cmpxchg
	c.jccTo(condNE, again)
	if src != RAX {
		c.mov(n, src, RAX)
		if mutant.On(mutant.JITFetchClobbersR0) {
			c.wrote(0, false)
			return
		}
		c.load(8, RAX, saved)
	}
}

// aligned is place for atomics: an address that is no multiple of n is left to
// the driver.
func (c *Compiler) aligned(pc int, r uint8, off int16, n int) Mem {
	disp := int32(off)
	if r == 10 && inFrame(disp, n) && int(off)%n == 0 {
		return at(frame, disp)
	}
	if r == 10 {
		c.operand(10, tmp1)
		c.arithImm(8, digitADD, tmp1, disp)
	} else {
		c.lea(8, tmp1, at(host[r], disp))
	}
	if mutant.On(mutant.JITAlign64By4) {
		n = min(n, 4)
	}
	if n > 1 {
		c.ext(1, 0xf7, 0, tmp1) // test
		c.byte(byte(n - 1))
		c.toDriverIf(condNE, pc)
	}
	if c.checked {
		c.mov(4, tmp2, tmp1)
		c.arith(8, digitCMP, tmp2, tmp1)
		c.toDriverIf(condNE, pc)
		c.look(indexed(shadow, tmp1, 0), n)
		c.toDriverIf(condNE, pc)
	} else {
		c.mov(4, tmp1, tmp1)
	}
	return indexed(window, tmp1, 0)
}
