package arm64

import (
	"github.com/lockstep-ebpf/lockstep/internal/mutant"
	"github.com/lockstep-ebpf/lockstep/spec"
)

// divide compiles div, mod, sdiv and smod: dst = x op src. The machine answers as
// eBPF does, and never traps (Arm ARM, SDIV and UDIV):
//
//	          machine           eBPF (RFC 9669, 4.1, and Linux)
//	x / 0     0                 0
//	x % 0     x - 0 * 0         x
//	MIN / -1  MIN               MIN
//	MIN % -1  MIN - MIN * -1    0
func (c *Compiler) divide(i *spec.Insn, x Reg, size int) {
	dst, divisor := host(i.Dst), host(i.Src)
	mod, op := i.Op&0xf0 == spec.OpMOD, uint32(opUDIV)
	if i.Off == 1 {
		op = opSDIV
	}
	if mutant.On(mutant.JITDivClobbersR3) && i.Dst == 0 {
		c.wrote(3, false)
		defer c.mov(size, host(3), tmp1)
	}
	if i.Op&spec.SrcX == 0 {
		switch {
		case mod && op == opUDIV && i.Imm == 1 && mutant.On(mutant.JITModOneIgnored),
			mod && op == opSDIV && i.Imm == -1 && mutant.On(mutant.JITSmodMinusOne):
			c.mov(size, dst, x)
			return
		case c.divideConst(size, mod, op == opSDIV, dst, x, i.Imm):
			return
		}
		divisor = tmp2
		c.movImm(divisor, truncated(size, int64(i.Imm)))
	}
	if !mod {
		c.op(size, op, dst, x, divisor)
		return
	}
	c.op(size, op, tmp1, x, divisor)
	c.msub(size, dst, tmp1, divisor, x)
}
