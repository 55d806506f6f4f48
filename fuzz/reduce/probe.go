package reduce

import (
	"github.com/lockstep-ebpf/lockstep/fuzz/oracle"
	"github.com/lockstep-ebpf/lockstep/reports"
	"github.com/lockstep-ebpf/lockstep/spec"
	"github.com/lockstep-ebpf/lockstep/vm"
)

// probe finds the instruction where a target cannot be stepped and no witness was
// found: it ends the program early, after one instruction after the other in the
// order in which they first ran, with what that one wrote as the result.
func (r *Reducer) probe(s *Suspect, trace []oracle.Step) {
	if len(trace) == maxTrace || s.Mismatch.Kind == reports.Crash || s.Mismatch.Kind == reports.Hang || s.Mismatch.Kind == reports.Claim {
		return
	}
	seen := map[int]bool{}
	nodes := parse(s.Case.Programs[0].Insns)
	for i := 0; i < len(trace) && len(seen) < maxBack; i++ {
		step := &trace[i]
		next := after(trace, i)
		row := step.Row()
		if step.Program != 0 || step.Depth != 0 || next == nil || row == nil || seen[step.PC] {
			continue
		}
		seen[step.PC] = true
		regs := writes(row, step.Insn)
		if step.Insn.Op == spec.CALL {
			regs = []uint8{0, 6, 7, 8, 9}
		}
		for _, reg := range regs {
			if next.Undef>>reg&1 != 0 || r.Reference.IsAddress(next.Regs[reg]) {
				continue // differs, and may
			}
			end := []node{move(0, reg), exit}
			insns, ok := format(insert(nodes, nodeAt(nodes, step.PC)+1, end...))
			if !ok {
				continue
			}
			c := Clone(s.Case)
			c.Programs[0].Insns = insns
			if _, err := vm.Check(c.Programs[0]); err != nil {
				continue
			}
			if m, differ := r.pair(c, s.Mismatch.A, s.Mismatch.B); differ && m.Difference.Observable == "r0" {
				s.Signature.Effect, s.Signature.Insn = reports.Register, row.Name
				s.Case, s.Mismatch = c, m
				return
			}
		}
	}
}

// after is the step that the instruction of step i is followed by in its own
// function, or nil.
func after(trace []oracle.Step, i int) *oracle.Step {
	for j := i + 1; j < len(trace); j++ {
		if trace[j].Depth <= trace[i].Depth {
			return &trace[j]
		}
	}
	return nil
}
