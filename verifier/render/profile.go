package render

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"

	"github.com/lockstep-ebpf/lockstep/verifier"
	"github.com/lockstep-ebpf/lockstep/verifier/state"
	"github.com/lockstep-ebpf/lockstep/verifier/transfer"
	"github.com/lockstep-ebpf/lockstep/vm"
)

// Cost is what an instruction, or a line of source, costs the verifier.
type Cost struct {
	Processed int // how often it was looked at
	States    int // states put aside there
	Covered   int // paths that ended there, for a state that was put aside covers them
	Forks     int // paths that were kept for later there
	Later     int // instructions looked at on these, up to their own ends
}

func (c *Cost) add(o *Cost) {
	c.Processed += o.Processed
	c.States += o.States
	c.Covered += o.Covered
	c.Forks += o.Forks
	c.Later += o.Later
}

// Profile counts where the work goes. It is a listener.
type Profile struct {
	c     *vm.Case
	costs []map[int]*Cost // by program and slot
	forks map[*state.State]int
	at    int // where the path that is followed was kept; -1: it is the first
}

// NewProfile makes a profile of a case.
func NewProfile(c *vm.Case) *Profile { return &Profile{c: c} }

// Trace is what Verify is to be given.
func (p *Profile) Trace() *verifier.Trace {
	return &verifier.Trace{
		Begin: func(int, *transfer.Machine) {
			p.costs, p.forks, p.at = append(p.costs, map[int]*Cost{}), map[*state.State]int{}, -1
		},
		Insn: p.look,
		Fork: func(_, later *state.State) {
			at := later.PC
			if later.Trail != nil {
				at = later.Trail.From
			}
			p.forks[later] = at
			p.cost(at).Forks++
		},
		Keep: func(cp *state.Checkpoint) { p.cost(cp.PC).States++ },
		Covered: func(s *state.State, _ *state.Checkpoint) {
			p.look(s)
			p.cost(s.PC).Covered++
		},
		Resume: func(s *state.State) {
			p.at = -1
			if at, ok := p.forks[s]; ok {
				p.at = at
			}
			delete(p.forks, s)
		},
	}
}

func (p *Profile) look(s *state.State) {
	p.cost(s.PC).Processed++
	if p.at >= 0 {
		p.cost(p.at).Later++
	}
}

func (p *Profile) cost(slot int) *Cost {
	m := p.costs[len(p.costs)-1]
	if m[slot] == nil {
		m[slot] = &Cost{}
	}
	return m[slot]
}

// Insn is what the instruction at a slot of a program cost.
func (p *Profile) Insn(prog, slot int) Cost {
	if prog < len(p.costs) && p.costs[prog][slot] != nil {
		return *p.costs[prog][slot]
	}
	return Cost{}
}

// Row is a line of the profile: of source if that is known, else an instruction.
type Row struct {
	Prog, Insn int // the first of the line's
	Source     *Source
	Text       string // of the line, or of the instruction
	Cost
}

// Rows are the lines, dearest first. Ties are in the program's order.
func (p *Profile) Rows() (rows []Row) {
	for prog, costs := range p.costs {
		insns := instructionsOf(p.c, prog)
		lines := map[string]int{}
		for _, slot := range slices.Sorted(maps.Keys(costs)) {
			src := sourceOf(insns.p, slot)
			if src == nil {
				rows = append(rows, Row{prog, slot, nil, insns.text(slot), *costs[slot]})
				continue
			}
			if at, ok := lines[src.String()]; ok {
				rows[at].add(costs[slot])
				continue
			}
			lines[src.String()] = len(rows)
			rows = append(rows, Row{prog, slot, src, src.Text, *costs[slot]})
		}
	}
	slices.SortStableFunc(rows, func(a, b Row) int { return cmp.Compare(b.Processed, a.Processed) })
	return rows
}

// branches are instructions at which paths multiply, those with the dearest ones first.
func (p *Profile) branches() (rows []Row) {
	for prog, costs := range p.costs {
		insns := instructionsOf(p.c, prog)
		for _, slot := range slices.Sorted(maps.Keys(costs)) {
			if costs[slot].Forks > 0 {
				rows = append(rows, Row{prog, slot, sourceOf(insns.p, slot), insns.text(slot), *costs[slot]})
			}
		}
	}
	slices.SortStableFunc(rows, func(a, b Row) int { return cmp.Compare(b.Later, a.Later) })
	return rows
}

// Write prints the dearest lines, and the branches that multiply paths.
func (p *Profile) Write(w io.Writer, most int) {
	rows := p.Rows()
	total := 0
	for i := range rows {
		total += rows[i].Processed
	}
	fmt.Fprintf(w, "processed  share  states  ended early  where\n")
	for _, r := range rows[:min(most, len(rows))] {
		fmt.Fprintf(w, "%9d %5.1f%%  %6d  %11d  %s\n", r.Processed, 100*float64(r.Processed)/float64(max(1, total)), r.States, r.Covered, p.where(&r))
	}
	if n := len(rows) - most; n > 0 {
		fmt.Fprintf(w, "           and %d more\n", n)
	}
	branches := p.branches()
	if len(branches) == 0 {
		return
	}
	fmt.Fprintf(w, "\nBranches that multiply paths, and the instructions looked at on what they kept for later:\n")
	fmt.Fprintf(w, "    paths  processed  where\n")
	for _, r := range branches[:min(most, len(branches))] {
		fmt.Fprintf(w, "%9d  %9d  %s\n", r.Forks, r.Later, p.where(&r))
	}
}

func (p *Profile) where(r *Row) string {
	text := fmt.Sprintf("insn %d", r.Insn)
	if len(p.costs) > 1 {
		text = fmt.Sprintf("program %d, insn %d", r.Prog, r.Insn)
	}
	if r.Source != nil {
		text += ", " + r.Source.String()
	}
	return text + "  " + r.Text
}
