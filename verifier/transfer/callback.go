package transfer

import (
	"github.com/lockstep-ebpf/lockstep/internal/mutant"
	"github.com/lockstep-ebpf/lockstep/verifier/release"
	"github.com/lockstep-ebpf/lockstep/verifier/state"
)

// Helpers that call functions of the program's.
const (
	forEach = 164
	findVMA = 180
	drain   = 209
)

// callers says how their functions are entered.
var callers = map[int32]state.Callback{
	loop: state.ByLoop, forEach: state.ByMap, findVMA: state.ByVMA, drain: state.ByDrain, timerSet: state.ByTimer,
}

// CallsBack reports whether a helper calls a function of the program's before it returns.
func CallsBack(id int32) bool { return callers[id] != state.Called && id != timerSet }

// CallsLater reports whether a helper has a function of the program's called some other time.
func CallsLater(id int32) bool { return id == timerSet }

// callBack makes the state in which the callback of a call is entered, or nil if it is not.
// The state itself goes on behind the call.
func (m *Machine) callBack(s *state.State, c *called) (*state.State, *Failure) {
	shape := release.CallbackOf(c.ID)
	switch {
	case shape == nil || callers[c.ID] == state.Called:
		return nil, unsupported("callbacks of %s", c.Name)
	case c.ID == timerSet:
		return m.later(s, c, shape), nil
	case c.ID == loop:
		times := s.Reg(1)
		times.Node.Demand()
		if times.Kind != state.Scalar || uint64(s.Frame().Rounds) >= times.Num.U.Max {
			s.Frame().Rounds = 0
			return nil, nil
		}
	}
	again := s.Clone()
	caller := again.Frame()
	args, f := m.callbackArgs(caller, c, shape)
	if f != nil {
		return nil, f
	}
	caller.Rounds++
	again.Unrolls++
	callee, f := m.push(again, c.fn)
	if f != nil {
		return nil, f
	}
	callee.Callback = callers[c.ID]
	copy(callee.Regs[1:], args)
	s.Frame().Rounds = 0
	return again, nil
}

// callbackArgs are what a callback finds in r1 and on (Linux's set_*_callback_state).
func (m *Machine) callbackArgs(caller *state.Frame, c *called, shape *release.Callback) (args []state.Reg, f *Failure) {
	the := state.Reg{}
	if c.the != nil {
		the = *c.the
	}
	part := func(k state.Kind) state.Reg {
		return state.Reg{Kind: k, Map: the.Map, Inner: the.Inner, UID: the.UID}
	}
	for _, a := range shape.Args {
		var r state.Reg
		switch a {
		case release.CallbackIndex:
			r = state.Unknown()
		case release.CallbackMap:
			r = part(state.Map)
		case release.CallbackKey:
			r = part(state.MapKey)
		case release.CallbackValue:
			r = part(state.MapValue)
		case release.CallbackCtx:
			r = caller.Regs[contextOf(c.Helper)]
		case release.CallbackDynptr:
			r = state.Reg{Kind: state.Dynptr, ID: m.id(), First: true}
		default:
			return nil, unsupported("callbacks of %s", c.Name)
		}
		args = append(args, r)
	}
	return args, nil
}

// contextOf is the register with what a callback is given of its caller.
func contextOf(h *release.Helper) int {
	for n, a := range h.Args {
		if a.Kind == release.StackPtr {
			return n + 1
		}
	}
	return 0
}

// entry is a callback that is called some other time, with the timer's map.
type entry struct {
	fn    int
	the   int32
	inner bool
}

// later makes the path of a callback that is called some other time: on a stack of its own,
// with nothing of what holds here. One is enough for each function and map.
func (m *Machine) later(s *state.State, c *called, shape *release.Callback) *state.State {
	e := entry{c.fn, c.the.Map, c.the.Inner}
	if m.entries[e] {
		return nil
	}
	if m.entries == nil {
		m.entries = map[entry]bool{}
	}
	m.entries[e] = true
	x := state.New()
	x.Async = len(m.entries)
	x.Trail, x.PC = s.Trail, s.PC
	x.Go(m.Graph.Funcs[c.fn].Start)
	f := x.Frame()
	f.Func, f.Callback = c.fn, state.ByTimer
	f.Regs[10] = state.Reg{Kind: state.Stack}
	args, _ := m.callbackArgs(s.Frame(), c, shape)
	copy(f.Regs[1:], args)
	return x
}

// Later reports whether some path has a function called some other time.
func (m *Machine) Later(fn int) bool {
	for e := range m.entries {
		if e.fn == fn {
			return true
		}
	}
	return false
}

// endLater ends the path of a callback that was called some other time.
func (m *Machine) endLater(s *state.State) (Effect, *Failure) {
	if f := m.readable(s, 0); f != nil {
		return Effect{}, f
	}
	r0 := s.Reg(0)
	if r0.Kind != state.Scalar {
		return Effect{}, failReg("callback-return", 0, r0, "0", "At async callback return the register R0 is not a known value (%s)", r0.TypeName())
	}
	r0.Node.Demand()
	if !r0.IsZero() && !mutant.On(mutant.VerifierLaterReturn) {
		return Effect{}, failReg("callback-return", 0, r0, "0", "At async callback return the register R0 has %s should have been in [0, 0]", rangeText(r0))
	}
	return Effect{End: true}, nil
}
