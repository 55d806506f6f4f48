package amd64

import (
	"math/rand/v2"

	"github.com/lockstep-ebpf/lockstep/jit/plan"
	"github.com/lockstep-ebpf/lockstep/spec"
)

// blinded puts the constant of an instruction into a register, and gives the
// instruction that takes it from there. Comparisons need tmp1 for r10, and divisions
// tmp2.
func (c *Compiler) blinded(i *spec.Insn) *spec.Insn {
	src := uint8(inTmp1)
	if i.Class() == spec.ClassJMP || i.Class() == spec.ClassJMP32 {
		src = inTmp2
	}
	by, ok := plan.BySrc(*i, src)
	if !ok {
		return i
	}
	c.blindImm(host[src], i.Imm)
	return &by
}

// blindImm sets dst to an immediate, sign-extended. The code has a random number and
// its exclusive or with the immediate, but not the immediate: a program could place
// instructions of its own there, to be jumped to by who found a way (Linux's
// bpf_jit_harden).
func (c *Compiler) blindImm(dst Reg, imm int32) {
	key := int32(rand.Uint32())
	c.ext(8, 0xc7, 0, dst) // mov
	c.u32(uint32(imm ^ key))
	c.ext(8, 0x81, digitXOR, dst)
	c.u32(uint32(key))
}

// blind is the same for 64 bits.
func (c *Compiler) blind(dst Reg, v uint64, tmp Reg) {
	key := rand.Uint64()
	c.movImm(tmp, key)
	c.movImm(dst, v^key)
	c.arith(8, digitXOR, dst, tmp)
}
