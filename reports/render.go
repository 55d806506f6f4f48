package reports

import (
	"fmt"
	"strings"

	"github.com/lockstep-ebpf/lockstep/spec"
	"github.com/lockstep-ebpf/lockstep/spec/asm"
	"github.com/lockstep-ebpf/lockstep/vm/casefile"
)

// Render writes a finding for a person: what differs in one sentence, the program,
// what both did, what the specification says, how to see it again.
func Render(f *Finding) string {
	var b strings.Builder
	p := func(format string, a ...any) { fmt.Fprintf(&b, format, a...) }
	p("%s\n\n", Sentence(f))
	row := spec.ByName(f.Signature.Insn)
	if row != nil {
		p("The specification: %s\n", row.Effect)
		p("  %s, conformance group %s; in Linux since %s\n\n", section(row.Section), row.Group, row.Since)
	}
	if f.Insns == f.Original || f.Original == 0 {
		p("Program, %d instructions:\n\n", f.Insns)
	} else {
		p("Program, %d instructions, reduced from %d:\n\n", f.Insns, f.Original)
	}
	listing(&b, f)
	if f.Input < len(f.Case.Inputs) {
		in := f.Case.Inputs[f.Input]
		for _, x := range []struct {
			name string
			data []byte
		}{{"memory", in.Memory}, {"packet", in.Packet}, {"context", in.Context}} {
			if len(x.data) > 0 {
				p("  %s: %x\n", x.name, x.data)
			}
		}
	}
	p("\nOutcomes:\n\n")
	for i, t := range f.Signature.Targets {
		p("  %-8s  %s\n", t, f.Outcomes[i])
	}
	if len(f.Compared) > 0 {
		p("\n  compared: %s\n", strings.Join(f.Compared, ", "))
	}
	p("\nTo see it again:\n\n")
	for _, t := range f.Signature.Targets {
		p("  lockstep run --target %s %s\n", t, CaseFile)
	}
	p("\nTo find it again, as program %d of seed %d:\n\n", f.Program, f.Seed)
	p("  lockstep fuzz --targets %s --seed %d --programs %d", strings.Join(f.Signature.Targets[:], ","), f.Seed, f.Program+1)
	if f.Mix != "" {
		p(" --mix %s", f.Mix)
	}
	p("\n")
	return b.String()
}

// Sentence says what differs, in one sentence.
func Sentence(f *Finding) string {
	d, t := f.Difference, f.Signature.Targets
	where := ""
	if row := spec.ByName(f.Signature.Insn); row != nil {
		where = fmt.Sprintf("After %s, ", row.Name)
		if f.Place != nil {
			where = fmt.Sprintf("After instruction %d (%s), ", f.Place.PC, row.Name)
		}
	}
	what := d.Observable
	if d.Where != "" {
		what += " (" + d.Where + ")"
	}
	return fmt.Sprintf("%s%s is %s on %s and %s on %s.", where, what, d.A, t[0], d.B, t[1])
}

func section(s string) string {
	if strings.HasPrefix(s, "linux/") {
		return s
	}
	return "RFC 9669 section " + s
}

// listing writes the programs with slot numbers, and marks the place.
func listing(b *strings.Builder, f *Finding) {
	names := casefile.Names(f.Case.Maps)
	for k, prog := range f.Case.Programs {
		if len(f.Case.Programs) > 1 {
			fmt.Fprintf(b, "  program %d:\n", k)
		}
		for pc := 0; pc < len(prog.Insns); {
			mark := "  "
			if f.Place != nil && f.Place.Program == k && f.Place.PC == pc {
				mark = "=>"
			}
			text, slots := asm.Format(prog.Insns, pc, asm.PseudoC, names)
			fmt.Fprintf(b, "  %s %3d: %s\n", mark, pc, text)
			pc += slots
		}
	}
}

func (s Seen) String() string {
	switch {
	case s.Fault != "":
		return s.Fault
	case s.Kind == "exit":
		return fmt.Sprintf("exit, r0 = %s, %d steps", s.R0, s.Steps)
	case s.Reason != "":
		return s.Kind + ": " + s.Reason
	}
	return fmt.Sprintf("%s after %d steps", s.Kind, s.Steps)
}
