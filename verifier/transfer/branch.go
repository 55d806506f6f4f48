package transfer

import (
	"github.com/lockstep-ebpf/lockstep/internal/mutant"
	"github.com/lockstep-ebpf/lockstep/spec"
	"github.com/lockstep-ebpf/lockstep/verifier/cfg"
	"github.com/lockstep-ebpf/lockstep/verifier/num"
	"github.com/lockstep-ebpf/lockstep/verifier/state"
)

// conds are the conditions by operation code.
var conds = [256]num.Cond{
	spec.OpJEQ: num.Eq, spec.OpJNE: num.Ne, spec.OpJGT: num.Ugt, spec.OpJGE: num.Uge, spec.OpJLT: num.Ult, spec.OpJLE: num.Ule,
	spec.OpJSGT: num.Sgt, spec.OpJSGE: num.Sge, spec.OpJSLT: num.Slt, spec.OpJSLE: num.Sle, spec.OpJSET: num.Set,
}

// test is a conditional jump about to be taken or not.
type test struct {
	cond     num.Cond
	narrow   bool // class JMP32
	register bool // the second operand is a register
	dst, src uint8
	imm      int32
}

// operands are the registers of s that are compared; a number in the instruction is put
// into k.
func (t *test) operands(s *state.State, k *state.Reg) (x, y *state.Reg) {
	if t.register {
		return s.Reg(t.dst), s.Reg(t.src)
	}
	*k = state.Const(uint64(int64(t.imm)))
	return s.Reg(t.dst), k
}

// branch takes a conditional jump. The state goes on behind it, the fork at its target, as
// in Linux, which keeps the jump for later.
func (m *Machine) branch(s *state.State, i spec.Insn) (Effect, *Failure) {
	t := &test{conds[i.Op&0xf0], i.Class() == spec.ClassJMP32, i.Op&spec.SrcX != 0, i.Dst, i.Src, i.Imm}
	if t.register {
		if f := m.readable(s, i.Src); f != nil {
			return Effect{}, f
		}
	}
	if f := m.readable(s, i.Dst); f != nil {
		return Effect{}, f
	}
	to, _ := cfg.Jump(i, s.PC)
	var k state.Reg
	x, y := t.operands(s, &k)
	if f := m.comparesSource(t, x, y); f != nil {
		return Effect{}, f
	}
	switch m.decide(t, x, y) {
	case num.Always:
		demandNumbers(x, y)
		s.Go(to)
		return Effect{}, nil
	case num.Never:
		demandNumbers(x, y)
		s.Go(s.PC + 1)
		return Effect{}, nil
	}
	if f := m.compares(t, x, y); f != nil {
		return Effect{}, f
	}
	jump := s.Clone()
	jump.Go(to)
	s.Go(s.PC + 1)
	jumps, falls := m.assume(jump, t, true), m.assume(s, t, false)
	switch {
	case jumps && falls:
		return Effect{Fork: jump}, nil
	case jumps:
		*s = *jump
		return Effect{}, nil
	case falls:
		return Effect{}, nil
	}
	return Effect{End: true}, nil // no such numbers: control does not come here
}

func demandNumbers(x, y *state.Reg) {
	if mutant.On(mutant.VerifierOneSideDemanded) {
		x.Node.Demand()
		return
	}
	x.Node.Demand()
	y.Node.Demand()
}

// decide says whether the jump is taken, if it is the same on every run.
func (m *Machine) decide(t *test, x, y *state.Reg) num.Outcome {
	switch {
	case x.Kind == state.Scalar && y.Kind == state.Scalar && t.narrow:
		return w.Decide32(t.cond, x.Num, y.Num)
	case x.Kind == state.Scalar && y.Kind == state.Scalar:
		return w.Decide(t.cond, x.Num, y.Num)
	case t.narrow:
		return num.Maybe
	}
	if x.IsPointer() && y.IsPointer() {
		return decidePacket(t.cond, x, y)
	}
	p, n := x, y
	if !p.IsPointer() {
		p, n = y, x
	}
	if v, ok := n.Const(); ok && v == 0 && notNull(p) {
		switch t.cond {
		case num.Eq:
			return num.Never
		case num.Ne:
			return num.Always
		}
	}
	return num.Maybe
}

// assume narrows a state to the runs that jump, or do not. It is false if there are none.
func (m *Machine) assume(s *state.State, t *test, jumps bool) bool {
	c := t.cond
	if !jumps {
		c = c.Not()
	}
	var k state.Reg
	x, y := t.operands(s, &k)
	switch {
	case x.Kind == state.Scalar && y.Kind == state.Scalar:
		return m.learnsNothing(t, c, x, y) || assumeNumbers(s, t, c, x, y)
	case t.narrow:
	case !t.register && t.imm == 0 && x.Null && (c == num.Eq || c == num.Ne):
		m.nullChecked(s, x.ID, c == num.Eq)
	case t.register && x.IsPointer() && y.IsPointer():
		m.assumePointers(s, c, x, y)
	}
	return true
}

func assumeNumbers(s *state.State, t *test, c num.Cond, x, y *state.Reg) bool {
	a, b := x.Num, y.Num
	if t.narrow {
		a, b = w.Refine32(c, a, b)
	} else {
		a, b = w.Refine(c, a, b)
	}
	if a.IsBottom() {
		demandNumbers(x, y)
		return false
	}
	node := state.NewNode(x.Node, y.Node)
	if mutant.On(mutant.VerifierOneSideDemanded) {
		node = nil
	}
	set := func(r *state.Reg, n num.Scalar) bool {
		if n == r.Num {
			return true
		}
		r.Num = n
		if node != nil {
			r.Node = node
		}
		return s.Sync(*r, node)
	}
	if !set(x, a) {
		return false
	}
	return !t.register || t.dst == t.src || set(y, b)
}
