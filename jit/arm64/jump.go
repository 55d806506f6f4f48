package arm64

import (
	"github.com/lockstep-ebpf/lockstep/internal/mutant"
	"github.com/lockstep-ebpf/lockstep/jit/abi"
	"github.com/lockstep-ebpf/lockstep/jit/plan"
	"github.com/lockstep-ebpf/lockstep/spec"
	"github.com/lockstep-ebpf/lockstep/vm"
)

// conds by the upper half of the opcode.
var conds = [16]cond{
	spec.OpJEQ >> 4: condEQ, spec.OpJNE >> 4: condNE, spec.OpJSET >> 4: condNE,
	spec.OpJGT >> 4: condHI, spec.OpJGE >> 4: condHS, spec.OpJLT >> 4: condLO, spec.OpJLE >> 4: condLS,
	spec.OpJSGT >> 4: condGT, spec.OpJSGE >> 4: condGE, spec.OpJSLT >> 4: condLT, spec.OpJSLE >> 4: condLE,
}

// branch compiles the JMP classes at 8 or 4 bytes.
func (c *Compiler) branch(pc int, i *spec.Insn, size int) {
	to, _ := vm.JumpTarget(*i, pc)
	switch i.Op {
	case spec.JA, spec.JA32:
		c.jumpSlot(opB, pc, to)
		return
	case spec.JCOND:
		c.load8(tmp1, state, abi.OffBudget)
		c.jumpSlot(cbz(8, tmp1), pc, to)
		c.addImm(8, tmp1, tmp1, -1, tmp2)
		c.store8(tmp1, state, abi.OffBudget)
		return
	case spec.CALL:
		switch {
		case i.Src == spec.CallLocal:
			c.callLocal(pc, pc+1+int(i.Imm))
		case plan.Returns(*i):
			c.helper(pc, i.Imm)
		default:
			c.toDriver(pc)
		}
		c.zext &^= 0x3f
		return
	case spec.EXIT:
		c.exit(pc)
		return
	}
	c.jumpSlot(c.condition(i, size), pc, to)
}

// condition sets flags, if need be, and gives the jump that a conditional one
// becomes.
func (c *Compiler) condition(i *spec.Insn, size int) uint32 {
	op, dst, src, fromReg := i.Op&0xf0, host(i.Dst), host(i.Src), i.Op&spec.SrcX != 0
	if mutant.On(mutant.JITSignedCompareLow) && op == spec.OpJSGT && fromReg {
		size = 4
	}
	if mutant.On(mutant.JITJSET32TestsUpper) && op == spec.OpJSET && !fromReg {
		size = 8
	}
	switch {
	case op == spec.OpJSET && fromReg:
		to := ZR
		if mutant.On(mutant.JITJSETClobbersDst) && i.Dst != 10 {
			to = dst
			c.zext &^= 1 << i.Dst
		}
		c.op(size, opANDS, to, dst, src)
	case fromReg:
		c.op(size, opSUBS, ZR, dst, src)
	case op == spec.OpJSET:
		if v := truncated(size, int64(i.Imm)); !c.logicalImm(size, opANDS, ZR, dst, v) {
			c.movImm(tmp1, v)
			c.op(size, opANDS, ZR, dst, tmp1)
		}
	case i.Imm == 0 && mutant.On(mutant.JITZeroImmIsRegister):
		c.op(size, opSUBS, ZR, dst, host(0))
	case i.Imm == 0 && op == spec.OpJEQ:
		if mutant.On(mutant.ARM64CbzNarrow) {
			size = 4
		}
		return cbz(size, dst)
	case i.Imm == 0 && op == spec.OpJNE:
		return cbnz(size, dst)
	default:
		c.cmpImm(size, dst, int64(i.Imm), tmp1)
	}
	if mutant.On(mutant.ARM64JGTIncludesEqual) && op == spec.OpJGT {
		return bcond(condHS)
	}
	return bcond(conds[op>>4])
}

func (c *Compiler) jumpSlot(j uint32, pc, to int) {
	if to <= pc {
		c.jumpTo(j, int(c.offset[to]))
		return
	}
	c.jumps = append(c.jumps, jump{c.jump(j), to})
}
