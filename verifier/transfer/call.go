package transfer

import (
	"fmt"

	"github.com/lockstep-ebpf/lockstep/internal/mutant"
	"github.com/lockstep-ebpf/lockstep/spec"
	"github.com/lockstep-ebpf/lockstep/verifier/num"
	"github.com/lockstep-ebpf/lockstep/verifier/state"
)

func (m *Machine) call(s *state.State, i spec.Insn) (Effect, *Failure) {
	if s.Lock.Held && i.Src == spec.CallHelper && i.Imm != spinUnlock {
		f := fail("under-lock", "function calls are not allowed while holding a lock")
		f.Have, f.Need = "a lock that is held", "that it be given back before"
		return Effect{}, f
	}
	if i.Src == spec.CallKfunc {
		return m.kernelCall(s, i)
	}
	if i.Src == spec.CallLocal {
		fn := m.Graph.FuncAt(s.PC + 1 + int(i.Imm))
		if proto := m.global(fn); proto != nil {
			return Effect{}, m.callGlobal(s, fn, proto)
		}
		return Effect{}, m.enter(s, fn)
	}
	return m.helper(s, i.Imm)
}

// enter calls a function of the program's own.
func (m *Machine) enter(s *state.State, fn int) *Failure {
	caller := s.Frame()
	callee, f := m.push(s, fn)
	if f != nil {
		return f
	}
	copy(callee.Regs[1:6], caller.Regs[1:6])
	clobber(caller)
	if mutant.On(mutant.VerifierArgsSurvive) {
		copy(caller.Regs[1:6], callee.Regs[1:6])
	}
	return nil
}

// push makes a frame for a function.
func (m *Machine) push(s *state.State, fn int) (*state.Frame, *Failure) {
	if most := int(m.Release.Limits().Frames); len(s.Frames) == most {
		return nil, fail("call-depth", "the call stack of %d frames is too deep", most)
	}
	site := s.PC
	callee := s.Push()
	callee.Func, callee.CallSite = fn, site
	callee.Regs[10] = state.Reg{Kind: state.Stack, Frame: uint8(s.Depth())}
	s.Go(m.Graph.Funcs[fn].Start)
	return callee, nil
}

// exit leaves a function, or the program.
func (m *Machine) exit(s *state.State) (Effect, *Failure) {
	if s.Depth() > 0 {
		return Effect{}, m.leave(s)
	}
	if f := underLock(s, "BPF_EXIT instruction in main prog"); f != nil {
		return Effect{}, f
	}
	if s.ReadLocks > 0 {
		return Effect{}, fail("rcu", "BPF_EXIT instruction in main prog cannot be used inside bpf_rcu_read_lock-ed region")
	}
	if len(s.Refs) > 0 && !mutant.On(mutant.VerifierLeaks) {
		return Effect{}, leak(s, "BPF_EXIT instruction in main prog would lead to reference leak")
	}
	if s.Frame().Callback == state.ByTimer {
		return m.endLater(s)
	}
	if s.Frame().Func != 0 {
		f := m.exitGlobal(s)
		return Effect{End: f == nil}, f
	}
	if done, f := m.typedExit(s); done || f != nil {
		return Effect{End: f == nil}, f
	}
	if f := m.readable(s, 0); f != nil {
		return Effect{}, f
	}
	r0 := s.Reg(0)
	if f := m.leaks(r0, 0, "as return value"); f != nil {
		return Effect{}, f
	}
	low, high, bounded := m.Release.Return(m.progType(), m.Attach)
	want := num.Signed{Min: low, Max: high}
	if !bounded {
		return Effect{End: true}, nil
	}
	need := fmt.Sprintf("%d to %d", want.Min, want.Max)
	if r0.Kind != state.Scalar {
		return Effect{}, failReg("result", 0, r0, need, "At program exit the register R0 is not a known value (%s)", r0.TypeName())
	}
	r0.Node.Demand()
	if !want.Subsumes(r0.Num.S) {
		return Effect{}, failReg("result", 0, r0, need, "At program exit the register R0 has %s should have been in [%d, %d]", rangeText(r0), want.Min, want.Max)
	}
	return Effect{End: true}, nil
}

// leak names the first reference that was not given back. Linux says which one first, and
// then what for.
func leak(s *state.State, what string) *Failure {
	f := fail("reference-leak", "Unreleased reference id=%d alloc_insn=%d\n%s", s.Refs[0].ID, s.Refs[0].Insn, what)
	f.Have, f.Need = "a reference", "that it be released on every path"
	return f
}

// leave returns to the caller.
func (m *Machine) leave(s *state.State) *Failure {
	callee := s.Frame()
	r0 := callee.Regs[0]
	if callee.Callback != state.Called {
		return m.leaveCallback(s)
	}
	if r0.Kind == state.Stack {
		return failReg("return-stack", 0, &r0, "a value that outlives the frame", "cannot return stack pointer to the caller")
	}
	s.Pop()
	*s.Reg(0) = r0
	s.Go(callee.CallSite + 1)
	return nil
}

// leaveCallback goes back to the call that called it, which may call once more.
func (m *Machine) leaveCallback(s *state.State) *Failure {
	callee := s.Frame()
	r0 := &callee.Regs[0]
	if r0.Kind != state.Scalar {
		return failReg("callback-return", 0, r0, "0 or 1", "R0 not a scalar value")
	}
	r0.Node.Demand()
	if r0.Num.U.Max > 1 && !mutant.On(mutant.VerifierCallbackReturn) {
		return failReg("callback-return", 0, r0, "0 or 1", "At callback return the register R0 has %s should have been in [0, 1]", rangeText(r0))
	}
	s.Pop()
	s.Go(callee.CallSite)
	for cp := s.Parent; cp != nil; cp = cp.Parent {
		if cp.PC == s.PC && len(cp.Frames) == len(s.Frames) {
			s.Widen(cp)
			break
		}
	}
	return nil
}
