package verifier

import (
	"fmt"
	"slices"

	"github.com/lockstep-ebpf/lockstep/spec"
	"github.com/lockstep-ebpf/lockstep/verifier/cfg"
	"github.com/lockstep-ebpf/lockstep/verifier/state"
	"github.com/lockstep-ebpf/lockstep/verifier/transfer"
)

// explorer follows the paths of one program.
type explorer struct {
	m       *transfer.Machine
	g       *cfg.Graph
	prog    int
	options *Options

	pending   []*state.State
	trusted   []trust
	seen      [][]*state.Checkpoint // by slot
	processed int
	states    int
	jumps     int // taken in, of any kind
	// Where the path stood when its last state was put aside.
	lastJumps, lastProcessed int
	live                     []uint16
}

// run follows all paths, depth first.
func (e *explorer) run() *Failure {
	s := e.m.Start()
	for {
		if f := e.path(s); f != nil {
			f.Insn = s.PC
			f.Path = trail(s)
			if base := s.Frames[0]; base.Callback == state.Called { // the way to what is called later begins where the program does
				f.Start = e.g.Funcs[base.Func].Start
			}
			f.State = s
			return f
		}
		if s.Done() {
			e.settle()
		}
		if len(e.pending) == 0 {
			fn, more := e.m.NextGlobal()
			if !more {
				return e.stackDepth()
			}
			var f *Failure
			if s, f = e.m.StartGlobal(fn); f != nil {
				f.Insn = s.PC
				return f
			}
			e.options.Trace.resume(s)
			continue
		}
		s = e.pending[len(e.pending)-1]
		e.pending = e.pending[:len(e.pending)-1]
		e.options.Trace.resume(s)
	}
}

// path follows one path to its end.
func (e *explorer) path(s *state.State) *Failure {
	for {
		if e.processed++; e.processed > e.options.MaxInsns {
			return &Failure{
				Class: transfer.TooComplex, Rule: "too-many-insns", Register: -1,
				Text: fmt.Sprintf("BPF program is too large. Processed %d insn", e.processed),
			}
		}
		if e.g.Prune[s.PC] {
			if covered, f := e.lookBack(s); covered || f != nil {
				if covered && e.options.Covered != nil {
					e.options.Covered(e.prog, s)
				}
				return f
			}
		}
		if e.options.Observe != nil {
			e.options.Observe(e.prog, s)
		}
		e.options.Trace.insn(s)
		if c := e.m.Insns[s.PC].Class(); c == spec.ClassJMP || c == spec.ClassJMP32 {
			e.jumps++
		}
		effect, f := e.m.Step(s)
		switch {
		case f != nil:
			return f
		case effect.Fork != nil:
			e.options.Trace.fork(s, effect.Fork)
			if f := e.later(effect.Fork); f != nil {
				return f
			}
		case effect.End:
			e.options.Trace.end(s)
			return nil
		}
	}
}

// later keeps a state for when this path has come to its end.
func (e *explorer) later(s *state.State) *Failure {
	if most := int(e.options.Release.Limits().Pending); len(e.pending) >= most {
		return &Failure{
			Class: transfer.TooComplex, Rule: "too-many-branches", Register: -1,
			Text: fmt.Sprintf("The sequence of %d jumps is too complex.", most+1),
		}
	}
	if s.Parent != nil {
		s.Parent.Branches++
	}
	e.pending = append(e.pending, s)
	return nil
}

// Rules of thumb, Linux's: how far a path goes before a state is put aside, and how often a
// state may be looked at in vain.
const (
	jumpsApart = 2
	insnsApart = 8
	loopJumps  = 20
	loopInsns  = 100
	patience   = 3
	longer     = 64 // where loops close
)

// lookBack compares with the states that were here before, and may put this one aside.
func (e *explorer) lookBack(s *state.State) (covered bool, f *Failure) {
	live := e.liveNow(s)
	force := e.g.Force[s.PC]
	jumps, insns := e.jumps-e.lastJumps, e.processed-e.lastProcessed
	add := force || jumps >= jumpsApart && insns >= insnsApart
	list := e.seen[s.PC]
	for i := len(list) - 1; i >= 0; i-- { // the newest first
		cp := list[i]
		switch hit, f := e.compare(cp, s, live, force); {
		case f != nil:
			return false, f
		case hit:
			cp.Hits++
			if s.Inherit(cp, live); cp.Open() {
				e.trusted = append(e.trusted, trust{s, cp, cp.Branches > 0})
			}
			e.options.Trace.covered(s, cp)
			return true, nil
		}
		if cp.Branches > 0 && !force && jumps < loopJumps && insns < loopInsns {
			add = false
		}
		if !add {
			continue
		}
		n := patience
		if force && cp.Branches > 0 {
			n = longer
		}
		if cp.Misses++; cp.Misses > cp.Hits*n+n {
			list = slices.Delete(list, i, i+1)
			e.seen[s.PC] = list
		}
	}
	if add {
		e.states++
		e.lastJumps, e.lastProcessed = e.jumps, e.processed
		cp := s.Checkpoint(live)
		e.seen[s.PC] = append(list, cp)
		e.options.Trace.keep(cp)
	}
	return false, nil
}

// compare looks at one state that was here before.
func (e *explorer) compare(cp *state.Checkpoint, s *state.State, live []uint16, force bool) (hit bool, f *Failure) {
	if cp.Branches == 0 {
		p := state.AsNeeded
		if e.options.Exact {
			p = state.InFull
		}
		return cp.Covers(s, live, p), nil
	}
	if cp.Async != s.Async { // not on this path
		return false, nil
	}
	again := cp.Rounds != s.Rounds || cp.Unrolls != s.Unrolls // a loop that ends by itself
	if force && again {
		return cp.Covers(s, live, state.InFull), nil
	}
	if !again && cp.Covers(s, live, state.Equal) {
		return false, &Failure{
			Rule: "infinite-loop", Register: -1, Text: fmt.Sprintf("infinite loop detected at insn %d", s.PC),
			Have: "a state that the path has been in before", Need: "something that changes from round to round",
		}
	}
	return false, nil
}

// liveNow is, for each frame, what may still be read of its registers.
func (e *explorer) liveNow(s *state.State) []uint16 {
	e.live = e.live[:0]
	for i := range s.Frames {
		live := e.g.Live[s.PC]
		if i < s.Depth() {
			above := s.Frames[i+1]
			live = e.g.Live[above.CallSite+1] &^ 0b11_1111
			if above.Callback != state.Called { // the call comes once more
				live = e.g.Live[above.CallSite]
			}
		}
		e.live = append(e.live, live)
	}
	return e.live
}

// trail is the path's jumps, oldest first.
func trail(s *state.State) (path []state.Edge) {
	for t := s.Trail; t != nil; t = t.Prev {
		path = append(path, state.Edge{From: t.From, To: t.To})
	}
	slices.Reverse(path)
	return path
}
