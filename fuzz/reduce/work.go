package reduce

import (
	"github.com/lockstep-ebpf/lockstep/reports"
	"github.com/lockstep-ebpf/lockstep/vm"
)

// work is one reduction: the best case so far, and what it may still cost.
type work struct {
	r      *Reducer
	s      Suspect
	best   *vm.Case
	fuel   uint64 // of the case as it was found
	strict bool   // the difference may not become less visible
	budget int
}

// short is a program that a person takes in at a glance. A longer one may show its
// difference in a place that is less visible, if that makes it shorter.
const short = 8

// run applies the passes.
func (w *work) run() {
	w.strict = true
	w.capFuel()
	w.focus()
	w.cut()
	w.passes()
	if reports.CountInsns(w.best) > short {
		w.strict = false
		w.passes()
	}
	w.budget = max(w.budget, 1)
	w.edit(func(c *vm.Case) bool {
		was := c.Fuel
		c.Fuel = w.fuel
		return was != c.Fuel
	})
}

// passes goes on until no pass finds anything.
func (w *work) passes() {
	for again := true; again && w.budget > 0; {
		again = false
		for _, pass := range []func() bool{
			w.dropInputs, w.dropPrograms, w.unloop, w.dropInsns, w.dropMaps, w.dropEntries,
			w.straighten, w.constants, w.simplify, w.numbers, w.bytes,
		} {
			if w.budget > 0 && pass() {
				again = true
			}
		}
	}
}

// try keeps a candidate if it shows what the suspect does.
func (w *work) try(c *vm.Case) bool {
	if w.budget <= 0 {
		return false
	}
	for _, p := range c.Programs {
		if _, err := vm.Check(p); err != nil {
			return false
		}
	}
	w.budget--
	o := w.r.Oracle
	m, differ := w.r.pair(c, w.s.Mismatch.A, w.s.Mismatch.B)
	if !differ || m.Kind != w.s.Mismatch.Kind {
		return false
	}
	if w.s.raw.located {
		trace := w.r.Reference.Trace(c, m.Input, maxTrace)
		parting, ok := o.Locate(c, m, trace)
		if !ok || rawOf(parting, trace) != w.s.raw {
			return false
		}
	} else if m.Difference.Observable != w.s.Mismatch.Difference.Observable {
		return false
	}
	if w.strict && visible(m.Difference) < visible(w.s.Mismatch.Difference) {
		return false
	}
	w.best, w.s.Mismatch = c, m
	return true
}

// visible ranks differences by how many targets can show them: a witness in r0 is
// one for every implementation, one in r7 for our engines alone.
func visible(d vm.Difference) int {
	switch d.Observable {
	case "r0":
		return 2
	case "regs", "steps":
		return 0
	}
	return 1
}

// edit tries a changed copy of the best case.
func (w *work) edit(change func(c *vm.Case) bool) bool {
	if w.budget <= 0 {
		return false
	}
	c := Clone(w.best)
	return change(c) && w.try(c)
}

// program tries the best case with the program p made of other nodes.
func (w *work) program(p int, nodes []node) bool {
	insns, ok := format(nodes)
	if !ok || len(insns) == 0 {
		return false
	}
	return w.edit(func(c *vm.Case) bool {
		c.Programs[p].Insns = insns
		return true
	})
}

// capFuel keeps candidates that loop from costing much.
func (w *work) capFuel() {
	if !w.s.raw.located {
		return
	}
	steps := uint64(0)
	for i := range w.best.Inputs {
		steps = max(steps, uint64(len(w.r.Reference.Trace(w.best, i, maxTrace))))
	}
	if steps == maxTrace {
		return
	}
	w.edit(func(c *vm.Case) bool {
		fuel := 4*steps + 64
		if c.Fuel != 0 && c.Fuel <= fuel {
			return false
		}
		c.Fuel = fuel
		return true
	})
}

// focus drops the inputs after the one that shows the mismatch, then those before.
func (w *work) focus() {
	at := w.s.Mismatch.Input
	w.edit(func(c *vm.Case) bool {
		c.Inputs = c.Inputs[at : at+1]
		return true
	})
	at = w.s.Mismatch.Input
	w.edit(func(c *vm.Case) bool {
		c.Inputs = c.Inputs[:at+1]
		return true
	})
}

// cut ends the program right after the instruction that diverges, with a register
// that differs as its result.
func (w *work) cut() {
	if !w.s.raw.located {
		return
	}
	trace := w.r.Reference.Trace(w.best, w.s.Mismatch.Input, maxTrace)
	p, ok := w.r.Oracle.Locate(w.best, w.s.Mismatch, trace)
	if !ok || int(p.Steps) > len(trace) {
		return
	}
	// The last step of the first function at or before the parting.
	at := int(p.Steps) - 1
	if at+1 < len(trace) && trace[at+1].Depth == 0 && trace[at+1].Program == trace[at].Program {
		at++
	}
	for ; at > 0 && trace[at].Depth > 0; at-- {
	}
	nodes := parse(w.best.Programs[trace[at].Program].Insns)
	here := nodeAt(nodes, trace[at].PC)
	for _, i := range []int{here, here + 1} {
		for reg := range uint8(10) {
			end := []node{move(0, reg), exit}
			if reg == 0 {
				end = end[1:]
			}
			if w.program(trace[at].Program, insert(nodes, min(i, len(nodes)), end...)) {
				return
			}
		}
	}
}
