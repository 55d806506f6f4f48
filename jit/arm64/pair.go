package arm64

import (
	"github.com/lockstep-ebpf/lockstep/internal/mutant"
	"github.com/lockstep-ebpf/lockstep/spec"
)

// pair compiles two instructions of a block as one, where there is one for both. It
// reports false, with nothing emitted, where there is not. Neither can leave for the
// driver, so nobody resumes between them.
//
//	dst = src; dst op= x       op dst, src, x
//	dst <<= n; dst += src      add dst, src, dst, lsl #n
func (c *Compiler) pair(i, j *spec.Insn) bool {
	size := 4
	switch j.Class() {
	case spec.ClassALU:
	case spec.ClassALU64:
		size = 8
	default:
		return false
	}
	if j.Dst != i.Dst || i.Off != 0 {
		return false
	}
	op := j.Op & 0xf0
	switch i.Op {
	case spec.ClassALU64 | spec.OpMOV | spec.SrcX:
	case spec.ClassALU | spec.OpMOV | spec.SrcX:
		if size == 8 {
			return false
		}
	case spec.ClassALU64 | spec.OpLSH, spec.ClassALU | spec.OpLSH:
		if j.Class() != i.Class() || op != spec.OpADD || j.Op&spec.SrcX == 0 || j.Src == i.Dst {
			return false
		}
		n := uint8(i.Imm)
		if mutant.On(mutant.ARM64ShiftedAddCount) {
			n -= n & 1
		}
		c.opShifted(size, opADD, host(i.Dst), host(j.Src), host(i.Dst), shiftLSL, n)
		c.wrote(i.Dst, size == 4)
		return true
	default:
		return false
	}
	if op == spec.OpMOV || op == spec.OpEND {
		return false
	}
	both := *j
	if both.Op&spec.SrcX != 0 && both.Src == i.Dst && !mutant.On(mutant.ARM64PairReadsDst) {
		both.Src = i.Src
	}
	c.wrote(i.Dst, c.upperZero(i.Src)) // alu asks for dst's
	c.alu(&both, host(i.Src), size)
	return true
}
