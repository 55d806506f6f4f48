package render

import (
	"fmt"
	"io"
	"strings"

	"github.com/lockstep-ebpf/lockstep/verifier"
	"github.com/lockstep-ebpf/lockstep/verifier/state"
	"github.com/lockstep-ebpf/lockstep/vm"
)

// Style is how text is marked up: for a terminal, or not at all.
type Style struct{ Colour bool }

func (s Style) paint(code, text string) string {
	if !s.Colour || text == "" {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

func (s Style) bad(text string) string   { return s.paint("1;31", text) }
func (s Style) good(text string) string  { return s.paint("32", text) }
func (s Style) bold(text string) string  { return s.paint("1", text) }
func (s Style) faint(text string) string { return s.paint("2", text) }

// around is how many instructions are shown in front of and behind the one that failed.
const around = 5

// Write explains a failure to people: the instruction among its neighbours, what became of
// the register that is to blame, the way there, and what all registers hold.
func (x *Explanation) Write(w io.Writer, c *vm.Case, f *verifier.Failure, style Style) {
	if x == nil {
		return
	}
	insns := instructionsOf(c, f.Prog)
	neighbours(w, insns, f, style)
	x.writeStory(w, f, style)
	x.writePath(w, f, style)
	fmt.Fprintln(w, "\n"+style.bold("The registers there:"))
	frame := f.State.Frame()
	for n := range frame.Regs {
		if r := &frame.Regs[n]; r.Kind != state.NotInit {
			line := fmt.Sprintf("        r%-2d = %s", n, r)
			if n == f.Register {
				line = style.bad(line)
			}
			fmt.Fprintln(w, line)
		}
	}
}

// neighbours shows the instructions around the one that failed, under their lines of source.
func neighbours(w io.Writer, insns *instructions, f *verifier.Failure, style Style) {
	fmt.Fprintln(w)
	before := instructionsBefore(insns, f.Insn)
	var line *vm.Line
	shown := 0
	for pc := before; pc < len(insns.p.Insns) && shown < 2*around+1; shown++ {
		if l := insns.p.Line(pc); l != nil && (line == nil || l.File != line.File || l.Line != line.Line) {
			fmt.Fprintln(w, style.faint(fmt.Sprintf("              ; %s  %s:%d", l.Text, l.File, l.Line)))
			line = l
		}
		text := insns.text(pc)
		if pc == f.Insn {
			fmt.Fprintln(w, style.bad(fmt.Sprintf("  =>  %4d  %s", pc, text)))
		} else {
			fmt.Fprintf(w, "      %4d  %s\n", pc, text)
		}
		if insns.p.Insns[pc].Wide() {
			pc++
		}
		pc++
	}
}

// instructionsBefore is the slot that stands some instructions in front of another.
func instructionsBefore(insns *instructions, slot int) int {
	var starts []int
	for pc := 0; pc <= slot && pc < len(insns.p.Insns); pc++ {
		starts = append(starts, pc)
		if insns.p.Insns[pc].Wide() {
			pc++
		}
	}
	return starts[max(0, len(starts)-1-around)]
}

// writeStory shows what became of the register.
func (x *Explanation) writeStory(w io.Writer, f *verifier.Failure, style Style) {
	if len(x.Story) == 0 {
		if f.Register >= 0 {
			fmt.Fprintf(w, "\nNothing on this path has written r%d.\n", f.Register)
		}
		return
	}
	if e := x.Lost(); e != nil {
		fmt.Fprintf(w, "\n%s\n", style.bold(lostText(f, e)))
	}
	if x.Note != "" {
		fmt.Fprintln(w, x.Note)
	}
	fmt.Fprintf(w, "\n%s\n", style.bold(fmt.Sprintf("What became of r%d:", f.Register)))
	for i := range x.Story {
		e := &x.Story[i]
		where := "entry"
		if e.Insn >= 0 {
			where = fmt.Sprintf("%4d", e.Insn)
		}
		line := fmt.Sprintf("    %5s  %-34s  %s = %s", where, e.Text, e.Place, e.Value)
		if e.Lost {
			line = style.bad(line)
		}
		fmt.Fprintln(w, line)
		note := e.What
		if e.Source != nil {
			note += ", " + e.Source.String()
		}
		fmt.Fprintln(w, style.faint("           "+note))
	}
}

// lostText is one sentence about where it went wrong.
func lostText(f *verifier.Failure, e *Event) string {
	at := "at the program's entry"
	if e.Insn >= 0 {
		at = fmt.Sprintf("at insn %d (%s)", e.Insn, e.Text)
	}
	if e.Source != nil {
		at += ", " + e.Source.String()
	}
	switch r := f.State.Reg(uint8(f.Register)); {
	case r.Kind == state.NotInit:
		return fmt.Sprintf("%s was lost %s: %s.", e.Place, at, e.What)
	case r.Null:
		return fmt.Sprintf("%s may be 0 since it was set %s, and nothing on this path compares it with 0.", e.Place, at)
	}
	return fmt.Sprintf("%s is %s since %s: %s.", e.Place, e.Value, strings.TrimPrefix(at, "at "), e.What)
}

// longestWay is how many entries of a path are printed: the last ones.
const longestWay = 30

// writePath shows the branches, those of a loop once.
func (x *Explanation) writePath(w io.Writer, f *verifier.Failure, style Style) {
	fmt.Fprintf(w, "\n%s\n", style.bold("The path, oldest first:"))
	if len(x.Path) == 0 {
		fmt.Fprintf(w, "        straight from 0 to %d\n", f.Insn)
		return
	}
	rounds := Rounds(x.Path)
	if n := len(rounds) - longestWay; n > 0 {
		fmt.Fprintf(w, "        %d entries before\n", n)
		rounds = rounds[n:]
	}
	for _, r := range rounds {
		indent := ""
		if r.Times > 1 {
			fmt.Fprintf(w, "        %d times:\n", r.Times)
			indent = "  "
		}
		for _, b := range r.Branches {
			note := ""
			if b.Source != nil {
				note = style.faint("  ; " + b.Source.Text)
			}
			fmt.Fprintf(w, "    %s%5d → %-4d  %s%s\n", indent, b.Insn, b.To, strings.TrimSpace(b.Text), note)
		}
	}
}

// Write is the verdict for people, in a few lines.
func (r *Report) Write(w io.Writer, style Style) {
	verdict := style.bad(r.Verdict)
	if r.Verdict == verifier.Accepted.String() {
		verdict = style.good(r.Verdict)
	}
	fmt.Fprintf(w, "%s: %s instructions looked at, %s states kept\n", verdict, thousands(r.Processed), thousands(r.States))
	if r.Rule == "" {
		return
	}
	where := fmt.Sprintf("program %d", *r.Prog)
	if r.Insn != nil {
		where += fmt.Sprintf(", insn %d", *r.Insn)
	}
	if r.Source != nil {
		where += ", " + r.Source.String()
	}
	fmt.Fprintf(w, "%s: %s\n", where, style.bold(strings.ReplaceAll(r.Message, "\n", "\n  ")))
	if r.Have != "" && r.Register != "" {
		fmt.Fprintf(w, "  %s is %s\n", r.Register, r.Have)
	}
	if r.Need != "" {
		fmt.Fprintf(w, "  needed: %s\n", r.Need)
	}
	fmt.Fprintf(w, "  rule: %s\n", r.Rule)
}

// thousands groups digits.
func thousands(n int) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
