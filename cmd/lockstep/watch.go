package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/lockstep-ebpf/lockstep/refvm"
	"github.com/lockstep-ebpf/lockstep/spec/asm"
	"github.com/lockstep-ebpf/lockstep/vm/casefile"
)

// step is an instruction that ran.
type step struct {
	Prog  int               `json:"prog"`
	PC    int               `json:"pc"`
	Depth int               `json:"depth"`
	Set   map[string]string `json:"set,omitempty"` // registers that it changed
}

// watcher follows the reference VM. The hook sees the state before an instruction,
// so what that one did is known when the next one is seen: one is held back.
type watcher struct {
	file   *casefile.File
	names  asm.Names
	counts [][]uint64 // by program and slot
	trace  bool
	print  io.Writer
	events []event
	input  int
	held   *refvm.State // nil between runs
}

func newWatcher(f *casefile.File) *watcher {
	w := &watcher{file: f, names: casefile.Names(f.Maps), events: []event{}}
	for _, p := range f.Programs {
		w.counts = append(w.counts, make([]uint64, len(p.Insns)))
	}
	return w
}

// see is the hook.
func (w *watcher) see(s *refvm.State) {
	if s.Steps == 0 {
		w.finish()
		w.input++
		if w.trace && len(w.file.Inputs) > 1 {
			fmt.Fprintf(w.print, "input %d:\n", w.input)
		}
	}
	w.counts[s.Prog.ID][s.PC]++
	if !w.trace {
		return
	}
	if w.held != nil {
		w.show(w.held, s)
	}
	held := *s
	w.held = &held
}

// finish shows the last instruction of a run.
func (w *watcher) finish() {
	if w.held != nil {
		w.show(w.held, nil)
	}
	w.held = nil
}

// show writes an instruction, with the state before it and the one after.
func (w *watcher) show(s, after *refvm.State) {
	text, _ := asm.Format(s.Prog.Insns, s.PC, asm.PseudoC, w.names)
	e := event{Input: w.input, Kind: "step", Text: text, step: &step{Prog: s.Prog.ID, PC: s.PC, Depth: s.Depth}}
	var changes []string
	for r := 0; after != nil && r < len(s.Regs); r++ {
		was, is := s.Undef>>r&1 != 0, after.Undef>>r&1 != 0
		if s.Regs[r] == after.Regs[r] && was == is || is && was {
			continue
		}
		value := fmt.Sprintf("%#x", after.Regs[r])
		if is {
			value = "undefined"
		}
		if e.Set == nil {
			e.Set = map[string]string{}
		}
		name := fmt.Sprintf("r%d", r)
		e.Set[name] = value
		if !is { // r1 to r5 after every call: said once in the documentation
			changes = append(changes, name+" = "+value)
		}
	}
	w.events = append(w.events, e)
	prog := ""
	if len(w.file.Programs) > 1 {
		prog = fmt.Sprintf("%d:", s.Prog.ID)
	}
	line := fmt.Sprintf("%s%4d  %s%s", prog, s.PC, strings.Repeat("  ", s.Depth), text)
	if changes != nil {
		line = fmt.Sprintf("%-46s %s", line, strings.Join(changes, ", "))
	}
	fmt.Fprintln(w.print, line)
}

// printCounts writes the programs with a margin: how often each instruction ran.
func (w *watcher) printCounts(to io.Writer, f *casefile.File) {
	for i, p := range f.Programs {
		if i > 0 || p.Name != "" {
			fmt.Fprintf(to, "program %d %s\n", i, p.Name)
		}
		for pc := 0; pc < len(p.Insns); {
			text, slots := asm.Format(p.Insns, pc, asm.PseudoC, w.names)
			n := "-"
			if c := w.counts[i][pc]; c > 0 {
				n = thousands(c)
			}
			fmt.Fprintf(to, "%10s %5d  %s\n", n, pc, text)
			pc += slots
		}
	}
}
