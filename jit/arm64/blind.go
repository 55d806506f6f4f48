package arm64

import (
	"math/rand/v2"

	"github.com/lockstep-ebpf/lockstep/jit/plan"
	"github.com/lockstep-ebpf/lockstep/spec"
)

// blinded puts the constant of an instruction into a register, and gives the
// instruction that takes it from there.
func (c *Compiler) blinded(i *spec.Insn) *spec.Insn {
	by, ok := plan.BySrc(*i, uint8(hidden))
	if !ok {
		return i
	}
	c.blind(hidden, uint64(int64(i.Imm)), uint64(int64(int32(rand.Uint32()))))
	return &by
}

// blind sets dst to a number. The code has a random key and its exclusive or with the
// number, but not the number: a program could place instructions of its own there, to
// be jumped to by who found a way (Linux's bpf_jit_harden).
func (c *Compiler) blind(dst Reg, v, key uint64) {
	c.movImm(tmp4, key)
	c.movImm(dst, v^key)
	c.op(8, opEOR, dst, dst, tmp4)
}
