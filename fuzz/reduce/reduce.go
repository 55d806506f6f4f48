package reduce

import (
	"fmt"

	"github.com/lockstep-ebpf/lockstep/fuzz/oracle"
	"github.com/lockstep-ebpf/lockstep/reports"
	"github.com/lockstep-ebpf/lockstep/spec"
	"github.com/lockstep-ebpf/lockstep/vm"
)

// Reducer makes findings of mismatches. It is for one goroutine.
type Reducer struct {
	Oracle    *oracle.Oracle
	Reference *oracle.Reference
	Budget    int // candidates that Shrink may run; 0 means DefaultBudget
}

// DefaultBudget is enough for a program of some hundred instructions.
const DefaultBudget = 4000

// maxTrace is how many steps of a run are looked at.
const maxTrace = 1 << 14

// maxBack is how many branches before a parting are suspected, and how many
// different instructions where a target cannot be stepped.
const maxBack = 128

// Suspect is a mismatch whose instruction is known, as far as it can be.
type Suspect struct {
	Signature reports.Signature
	Mismatch  oracle.Mismatch
	Case      *vm.Case // shows Mismatch: a witness of one instruction, or the case itself
	raw       raw
	fuel      uint64 // that the case was found with
}

// raw is what candidates are held to: the parting as it is found without
// rebuilding anything.
type raw struct {
	located bool
	effect  reports.Effect
	insn    string
}

// Identify finds out what instruction a mismatch comes from. Neither the case nor
// what it refers to is kept.
func (r *Reducer) Identify(c *vm.Case, m oracle.Mismatch) Suspect {
	s := Suspect{Mismatch: m, Case: Clone(c), fuel: c.Fuel}
	s.Signature.Targets = [2]string{r.Oracle.Targets[m.A].Name(), r.Oracle.Targets[m.B].Name()}
	if m.Kind == reports.Rejection {
		s.Signature.Effect = reports.Loading
		return s
	}
	if r.fragile(m) {
		s.Signature.Effect = reports.Final
		return s
	}
	if m.Kind == reports.Claim {
		s.Signature.Effect, s.Signature.Insn = reports.Claimed, r.claimed(c, m)
		return s
	}
	if c.FastFuel { // what shows with exact fuel too can be located
		exact := Clone(c)
		exact.FastFuel = false
		if found, differ := r.pair(exact, m.A, m.B); differ && found.Kind == m.Kind {
			c, m = exact, found
			s.Case, s.Mismatch = exact, found
		}
	}
	trace := r.Reference.Trace(c, m.Input, maxTrace)
	parting, located := r.Oracle.Locate(c, m, trace)
	s.Signature.Effect = reports.Final
	if located {
		s.raw = rawOf(parting, trace)
		s.Signature.Effect, s.Signature.Insn = s.raw.effect, s.raw.insn
	}
	seen := map[string]bool{}
	for _, at := range suspects(trace, parting, located) {
		row := trace[at].Row()
		if row == nil || len(seen) > maxBack {
			break
		}
		if !located && seen[row.Name] && len(trace) > maxBack {
			continue
		}
		seen[row.Name] = true
		for _, w := range r.rebuild(c, m.Input, trace, at, located) {
			if found, ok := r.accepts(&w, m); ok {
				s.Signature.Effect, s.Signature.Insn = w.effect, row.Name
				s.Case, s.Mismatch, s.raw = w.c, found.Mismatch, found.raw
				return s
			}
		}
	}
	if !located {
		r.probe(&s, trace)
	}
	return s
}

// claimed names the instruction after which a claim is broken: the target that claims says
// where that is.
func (r *Reducer) claimed(c *vm.Case, m oracle.Mismatch) string {
	for _, i := range []int{m.A, m.B} {
		outs := r.Oracle.RunOn(i, c)
		if m.Input >= len(outs) || outs[m.Input].Kind != vm.Broken {
			continue
		}
		at := outs[m.Input].Fault
		if at.Prog < len(c.Programs) && at.PC < len(c.Programs[at.Prog].Insns) {
			if row := spec.Lookup(c.Programs[at.Prog].Insns[at.PC]); row != nil {
				return row.Name
			}
		}
	}
	return ""
}

// pair compares two targets. If neither is the reference VM, that says what of the
// outcomes is defined: reduction soon comes upon stack that nobody has written.
func (r *Reducer) pair(c *vm.Case, a, b int) (oracle.Mismatch, bool) {
	m, differ := r.Oracle.Pair(c, a, b)
	if !differ || m.Kind != reports.Divergence || r.tracks(a) || r.tracks(b) {
		return m, differ
	}
	outs := r.Reference.Run(c)
	if !oracle.Accepted(outs) || m.Input >= len(outs) {
		return m, true
	}
	return m, defined(&outs[m.Input], m.Difference)
}

func (r *Reducer) tracks(i int) bool { return r.Oracle.Targets[i].Name() == "refvm" }

// defined reports whether what differs has a value at all.
func defined(o *vm.Outcome, d vm.Difference) bool {
	if o.Tainted {
		return false
	}
	switch d.Observable {
	case "r0":
		return o.Undef&1 == 0
	case "regs":
		var reg int
		_, err := fmt.Sscanf(d.Where, "r%d", &reg)
		return err == nil && o.Undef>>reg&1 == 0
	case "memory":
		return o.Memory.Undef == nil
	case "packet":
		return o.Packet.Undef == nil
	case "ctx":
		return o.Context.Undef == nil
	case "maps":
		for _, m := range o.Maps {
			for _, e := range m {
				if e.Undef != nil {
					return false
				}
			}
		}
	}
	return true
}

// rawOf names the instruction of a parting.
func rawOf(p oracle.Parting, trace []oracle.Step) raw {
	x := raw{located: true, effect: p.Effect}
	if n := len(trace); n > 0 {
		at := min(int(p.Steps), n) - 1
		if row := trace[at].Row(); row != nil {
			x.insn = row.Name
		}
	}
	return x
}

// suspects lists the steps that may be to blame, the likeliest first. A branch
// that went the wrong way shows only when the two ways do different things, so
// those before the parting are suspects too.
func suspects(trace []oracle.Step, p oracle.Parting, located bool) []int {
	var list []int
	if !located {
		for i := range trace {
			list = append(list, i)
		}
		return list
	}
	last := min(int(p.Steps), len(trace)) - 1
	if last < 0 {
		return nil
	}
	list = append(list, last)
	for i := last - 1; i >= 0 && len(list) < maxBack; i-- {
		if row := trace[i].Row(); row != nil && row.Conditional() {
			list = append(list, i)
		}
	}
	return list
}

// accepts runs a witness: it must show a mismatch of the same two targets that
// arises no earlier than at its instruction.
func (r *Reducer) accepts(w *witness, m oracle.Mismatch) (Suspect, bool) {
	if _, err := vm.Check(w.c.Programs[0]); err != nil {
		return Suspect{}, false
	}
	found, differ := r.pair(w.c, m.A, m.B)
	if !differ || (found.Kind == reports.Fault) != (w.effect == reports.Faults) {
		return Suspect{}, false
	}
	s := Suspect{Mismatch: found}
	trace := r.Reference.Trace(w.c, found.Input, maxTrace)
	if parting, located := r.Oracle.Locate(w.c, found, trace); located {
		if parting.Steps <= w.before {
			return Suspect{}, false
		}
		s.raw = rawOf(parting, trace)
	}
	return s, true
}

// Shrink makes the case of a suspect as small as the budget allows, and a finding
// of it. What crashed a target outside this process stays as it is.
func (r *Reducer) Shrink(s Suspect) *reports.Finding {
	if r.fragile(s.Mismatch) {
		d := reports.Difference(s.Mismatch.Difference)
		return &reports.Finding{
			Signature: s.Signature, Kind: s.Mismatch.Kind, Input: s.Mismatch.Input, Difference: d,
			Case: s.Case, Insns: reports.CountInsns(s.Case), Count: 1,
			Outcomes: [2]reports.Seen{{Kind: d.A}, {Kind: d.B}},
		}
	}
	w := &work{r: r, s: s, best: Clone(s.Case), fuel: s.fuel, budget: r.Budget}
	if w.budget == 0 {
		w.budget = DefaultBudget
	}
	w.run()
	if w.s.Signature.Insn == "" && w.s.Signature.Effect == reports.Final { // easier to tell now
		w.s.Case = w.best
		r.probe(&w.s, r.Reference.Trace(w.best, w.s.Mismatch.Input, maxTrace))
	}
	return r.finding(w)
}

// fragile reports a mismatch that is not to be repeated: what has killed or hung a
// kernel or another process once may do worse the second time.
func (r *Reducer) fragile(m oracle.Mismatch) bool {
	return (m.Kind == reports.Crash || m.Kind == reports.Hang) && !(r.Oracle.Own(m.A) && r.Oracle.Own(m.B))
}

// finding runs the reduced case once more for its outcomes.
func (r *Reducer) finding(w *work) *reports.Finding {
	m, c := w.s.Mismatch, w.best
	f := &reports.Finding{Signature: w.s.Signature, Count: 1, Case: c, Insns: reports.CountInsns(c)}
	if last, differ := r.pair(c, m.A, m.B); differ {
		m = last
	}
	a, b := r.Oracle.RunOn(m.A, c), r.Oracle.RunOn(m.B, c)
	f.Kind, f.Input, f.Difference = m.Kind, m.Input, reports.Difference(m.Difference)
	f.Outcomes = [2]reports.Seen{reports.See(&a[m.Input]), reports.See(&b[m.Input])}
	f.Compared = (r.Oracle.Targets[m.A].Observables(c) & r.Oracle.Targets[m.B].Observables(c)).Names()
	f.Place = r.place(c, m, f.Signature.Insn)
	return f
}

// place finds the instruction of the signature in the reduced case.
func (r *Reducer) place(c *vm.Case, m oracle.Mismatch, insn string) *reports.Place {
	trace := r.Reference.Trace(c, m.Input, maxTrace)
	last := len(trace) - 1
	if p, ok := r.Oracle.Locate(c, m, trace); ok {
		last = min(last, int(p.Steps)-1)
	}
	for i := last; i >= 0; i-- {
		if row := trace[i].Row(); row != nil && row.Name == insn {
			return &trace[i].Place
		}
	}
	return nil
}
