package verifier

import (
	"github.com/lockstep-ebpf/lockstep/verifier/state"
	"github.com/lockstep-ebpf/lockstep/verifier/transfer"
)

// Trace is who is told what happens on the way to a verdict, in the order in which it
// happens. A function that is nil is not called. States go on after the call: who wants to
// keep one clones it.
//
//	Begin ─ Insn ─ Insn ─ Fork ─ Insn ─ End        the first path
//	                       └──── Resume ─ Insn ─ Covered     what it kept for later
//
// After the last Insn of a program that is refused nothing is told: the [Result] says what
// was wrong there. Package verifier/render makes text and pages of it.
type Trace struct {
	Begin   func(prog int, m *transfer.Machine)        // its structure is in order, its paths come next
	Insn    func(s *state.State)                       // in front of an instruction
	Fork    func(s, later *state.State)                // behind one with two ways: s goes on, later is kept
	Keep    func(cp *state.Checkpoint)                 // a state was put aside for later ones to be compared with
	Covered func(s *state.State, by *state.Checkpoint) // the path ends: what follows has been looked at. If by is Open, it may be taken up later
	End     func(s *state.State)                       // the path ends: the program does
	Resume  func(s *state.State)                       // what was kept is taken up, or a global function begins
}

// Traces tells several, one after the other.
func Traces(all ...*Trace) *Trace {
	return &Trace{
		Begin:   func(prog int, m *transfer.Machine) { each(all, func(t *Trace) { t.begin(prog, m) }) },
		Insn:    func(s *state.State) { each(all, func(t *Trace) { t.insn(s) }) },
		Fork:    func(s, later *state.State) { each(all, func(t *Trace) { t.fork(s, later) }) },
		Keep:    func(cp *state.Checkpoint) { each(all, func(t *Trace) { t.keep(cp) }) },
		Covered: func(s *state.State, by *state.Checkpoint) { each(all, func(t *Trace) { t.covered(s, by) }) },
		End:     func(s *state.State) { each(all, func(t *Trace) { t.end(s) }) },
		Resume:  func(s *state.State) { each(all, func(t *Trace) { t.resume(s) }) },
	}
}

func each(all []*Trace, tell func(*Trace)) {
	for _, t := range all {
		tell(t)
	}
}

func (t *Trace) begin(prog int, m *transfer.Machine) {
	if t.Begin != nil {
		t.Begin(prog, m)
	}
}

func (t *Trace) insn(s *state.State) {
	if t.Insn != nil {
		t.Insn(s)
	}
}

func (t *Trace) fork(s, later *state.State) {
	if t.Fork != nil {
		t.Fork(s, later)
	}
}

func (t *Trace) keep(cp *state.Checkpoint) {
	if t.Keep != nil {
		t.Keep(cp)
	}
}

func (t *Trace) covered(s *state.State, by *state.Checkpoint) {
	if t.Covered != nil {
		t.Covered(s, by)
	}
}

func (t *Trace) end(s *state.State) {
	if t.End != nil {
		t.End(s)
	}
}

func (t *Trace) resume(s *state.State) {
	if t.Resume != nil {
		t.Resume(s)
	}
}
