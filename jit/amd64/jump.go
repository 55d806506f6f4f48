package amd64

import (
	"github.com/lockstep-ebpf/lockstep/internal/mutant"
	"github.com/lockstep-ebpf/lockstep/jit/abi"
	"github.com/lockstep-ebpf/lockstep/jit/plan"
	"github.com/lockstep-ebpf/lockstep/spec"
	"github.com/lockstep-ebpf/lockstep/vm"
)

// conds by the upper half of the opcode.
var conds = [16]cond{
	spec.OpJEQ >> 4: condE, spec.OpJNE >> 4: condNE, spec.OpJSET >> 4: condNE,
	spec.OpJGT >> 4: condA, spec.OpJGE >> 4: condAE, spec.OpJLT >> 4: condB, spec.OpJLE >> 4: condBE,
	spec.OpJSGT >> 4: condG, spec.OpJSGE >> 4: condGE, spec.OpJSLT >> 4: condL, spec.OpJSLE >> 4: condLE,
}

// branch compiles the JMP classes at 8 or 4 bytes.
func (c *Compiler) branch(pc int, i *spec.Insn, size int) {
	to, _ := vm.JumpTarget(*i, pc)
	switch i.Op {
	case spec.JA, spec.JA32:
		c.jumpSlot(pc, to)
		return
	case spec.JCOND:
		c.load(8, tmp1, at(RSP, slotState))
		c.arithMemImm(8, digitCMP, at(tmp1, abi.OffBudget), 0)
		c.jccSlot(condE, pc, to)
		c.arithMemImm(8, digitSUB, at(tmp1, abi.OffBudget), 1)
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
	cc := c.compare(i, size)
	if to <= pc && c.p.Unrolled(to) {
		c.unroll(pc, to, size, cc)
		return
	}
	c.jccSlot(cc, pc, to)
}

// unroll compiles the further rounds of a loop, whose first one is there, up to
// its jump at the condition cc. One jump leads back; all others leave, out of line, where
// what the head has charged for the rounds that stand after them is given back.
func (c *Compiler) unroll(pc, head, size int, cc cond) {
	x := early{refund: c.p.Visit(head), next: pc + 1}
	for k := range x.at {
		x.at[k] = c.jcc(cc ^ 1) // the opposite
		at := head
		if mutant.On(mutant.AMD64UnrolledSkips) && k == 0 && head+1 < pc {
			at++
		}
		for at < pc {
			at += c.one(at)
		}
		cc = c.compare(&c.p.Insns[pc], size)
	}
	c.jccTo(cc, int(c.offset[head]))
	c.earlies = append(c.earlies, x)
}

// early is how a loop is left before its last round.
type early struct {
	at     [plan.Rounds - 1]int // the distances that lead here, round by round
	next   int                  // the slot behind the loop
	refund uint32               // of a round
}

func (c *Compiler) coldEarlies() {
	for _, x := range c.earlies {
		for k, at := range x.at {
			c.patch(at, c.here())
			if mutant.On(mutant.AMD64UnrolledExit) && k == 1 && x.next+1 < len(c.p.Insns) {
				c.patch(at, int(c.offset[x.next+1]))
			}
			if mutant.On(mutant.AMD64UnrolledRefund) && k == 1 {
				continue
			}
			c.fuelOp(digitADD, x.refund)
		}
		c.jmpTo(int(c.offset[x.next]))
	}
}

// compare sets the flags for a conditional jump, and gives its condition.
func (c *Compiler) compare(i *spec.Insn, size int) cond {
	op := i.Op & 0xf0
	dst := c.operand(i.Dst, tmp1)
	if mutant.On(mutant.JITSignedCompareLow) && op == spec.OpJSGT && i.Op&spec.SrcX != 0 {
		size = 4
	}
	if mutant.On(mutant.JITJSET32TestsUpper) && op == spec.OpJSET && i.Op&spec.SrcX == 0 {
		size = 8
	}
	if mutant.On(mutant.JITJSETClobbersDst) && op == spec.OpJSET && i.Op&spec.SrcX != 0 {
		c.arith(size, digitAND, dst, c.operand(i.Src, tmp2))
		c.zext &^= 1 << i.Dst
	}
	switch {
	case i.Op&spec.SrcX != 0 && op == spec.OpJSET:
		c.test(size, dst, c.operand(i.Src, tmp2))
	case i.Op&spec.SrcX != 0:
		c.arith(size, digitCMP, dst, c.operand(i.Src, tmp2))
	case op == spec.OpJSET:
		c.testImm(size, dst, i.Imm)
	case i.Imm == 0 && mutant.On(mutant.JITZeroImmIsRegister):
		c.arith(size, digitCMP, dst, RAX)
	case i.Imm == 0:
		c.test(size, dst, dst) // sets flags as a comparison with 0 does
	default:
		c.arithImm(size, digitCMP, dst, i.Imm)
	}
	return conds[op>>4]
}

func (c *Compiler) jumpSlot(pc, to int) {
	if to <= pc {
		c.jmpTo(int(c.offset[to]))
		return
	}
	if to-pc <= c.near {
		c.jumps = append(c.jumps, jump{c.jmpShort(), to, true})
		return
	}
	c.jumps = append(c.jumps, jump{c.jmp(), to, false})
}

func (c *Compiler) jccSlot(cc cond, pc, to int) {
	if to <= pc {
		c.jccTo(cc, int(c.offset[to]))
		return
	}
	if to-pc <= c.near {
		c.jumps = append(c.jumps, jump{c.jccShort(cc), to, true})
		return
	}
	c.jumps = append(c.jumps, jump{c.jcc(cc), to, false})
}
