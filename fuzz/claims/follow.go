package claims

import (
	"fmt"

	"github.com/lockstep-ebpf/lockstep/spec"
	"github.com/lockstep-ebpf/lockstep/verifier/state"
	"github.com/lockstep-ebpf/lockstep/vm"
)

// Followed follows runs along the verifier's paths. Show it every state in front of an
// instruction, in the order in which the verifier goes, and where a path ends because an
// older one covers it.
type Followed struct {
	checker
	t     *trace
	progs []*vm.Program
	legs  []leg
	wrong string // the first broken claim
	at    int    // the visit where it broke
	steps uint64 // states that were compared
}

// leg is a part of a run within one program, which begins at its first instruction.
type leg struct {
	prog     int
	from, to int                   // visits from, up to to
	at       map[*state.Edge]int32 // by stretch of the path: how many visits of the leg it has come to
	far      int                   // visits followed
	done     bool
}

// start begins with a trace.
func (f *Followed) start(c *vm.Case, t *trace) {
	*f = Followed{checker: checker{order: c.Programs[0].Order, ids: f.ids}, t: t, progs: c.Programs, legs: f.legs[:0]}
	for n := range t.visits {
		v := &t.visits[n]
		switch {
		case v.entry && v.depth == 0:
			f.legs = append(f.legs, leg{prog: int(v.prog), from: n, to: n + 1, at: map[*state.Edge]int32{nil: 0}})
		case v.entry || len(f.legs) == 0 || f.legs[len(f.legs)-1].to != n:
			// Behind a tail call out of a function, or back from one.
		default:
			f.legs[len(f.legs)-1].to = n + 1
		}
	}
}

// Observe takes a state in.
func (f *Followed) Observe(prog int, s *state.State) {
	for i := range f.legs {
		if l := &f.legs[i]; l.prog == prog && !l.done && f.wrong == "" {
			if n, ok := f.step(l, s); ok {
				f.compare(l, n, s)
			}
		}
	}
}

// Covered ends the path of a state.
func (f *Followed) Covered(prog int, s *state.State) {
	for i := range f.legs {
		l := &f.legs[i]
		if l.prog != prog || l.done {
			continue
		}
		_, ok := f.step(l, s)
		if went, known := l.at[s.Trail]; ok || known && s.Trail != nil && s.PC == s.Trail.To && f.hopped(l, went, s) {
			l.done = true
		}
	}
}

// step finds the visit that a state stands for. It is the one after the last on its stretch
// of the path, or, if the stretch is new, after the last one before the jump.
func (f *Followed) step(l *leg, s *state.State) (n int, ok bool) {
	went, known := l.at[s.Trail]
	if !known {
		if went, known = f.branch(l, s); !known {
			return 0, false
		}
	}
	n = l.from + int(went)
	if n >= l.to || int(f.t.visits[n].pc) != s.PC {
		return 0, false
	}
	l.at[s.Trail] = went + 1
	l.far = max(l.far, int(went)+1)
	return n, true
}

// branch finds how far the leg has come where a stretch of the path begins.
func (f *Followed) branch(l *leg, s *state.State) (went int32, ok bool) {
	if s.Trail == nil || s.PC != s.Trail.To {
		return 0, false
	}
	went, known := l.at[s.Trail.Prev]
	if !known || went == 0 {
		return 0, false
	}
	last := f.t.visits[l.from+int(went)-1]
	leaves := f.progs[l.prog].Insns[last.pc].Op == spec.EXIT
	switch from := s.Trail.From; {
	case int(last.pc) == from && f.ambiguous(l.prog, from):
		l.done = true
		return 0, false
	case int(last.pc) == from && leaves && f.calls(l.prog, s.PC) && !f.next(l, went, s.PC):
		l.at[s.Trail] = went // back at the call of a helper that calls back, which the machine does not run again
		return 0, false
	case int(last.pc) == from, leaves && f.calls(l.prog, from):
		return went, true
	}
	return 0, false
}

// next reports whether the visit behind so many of a leg is of a slot.
func (f *Followed) next(l *leg, went int32, pc int) bool {
	n := l.from + int(went)
	return n < l.to && int(f.t.visits[n].pc) == pc
}

// hopped reports whether a state is at the call that a function went back to.
func (f *Followed) hopped(l *leg, went int32, s *state.State) bool {
	last := f.t.visits[l.from+int(went)-1]
	return int(last.pc) == s.Trail.From && f.calls(l.prog, s.PC)
}

// calls reports whether there is a call of a helper at a slot.
func (f *Followed) calls(prog, pc int) bool {
	i := f.progs[prog].Insns[pc]
	return i.Op == spec.CALL && i.Src == spec.CallHelper
}

// ambiguous reports whether a jump leads to the same place whether taken or not: then a run
// does not say which of the two states is its own.
func (f *Followed) ambiguous(prog, pc int) bool {
	i := f.progs[prog].Insns[pc]
	class := i.Class()
	return (class == spec.ClassJMP || class == spec.ClassJMP32) && i.Op != spec.CALL && i.Op != spec.EXIT && i.Off == 0
}

// compare holds a state against its visit.
func (f *Followed) compare(l *leg, n int, s *state.State) {
	f.steps++
	v := &f.t.visits[n]
	st := &f.t.stacks[v.stack]
	reg, slot := f.regs(s, v, 1<<11-1), -1
	if reg < 0 {
		slot = f.slots(s, v, st)
	}
	if reg >= 0 || slot >= 0 {
		f.wrong, f.at = describe(s, v, st, reg, slot), n
		l.done = true
	}
	if n == l.to-1 {
		l.done = true
	}
}

// finish says what is wrong once the verifier has accepted the case: the visit, and a text.
func (f *Followed) finish() (at int, wrong string) {
	if f.wrong != "" {
		return f.at, f.wrong
	}
	for i := range f.legs {
		if l := &f.legs[i]; !l.done && l.far < l.to-l.from {
			n := l.from + l.far
			return n, fmt.Sprintf("instruction %d ran, and the verifier did not go there", f.t.visits[n].pc)
		}
	}
	return 0, ""
}
