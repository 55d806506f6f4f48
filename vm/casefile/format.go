package casefile

import (
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/lockstep-ebpf/lockstep/spec"
	"github.com/lockstep-ebpf/lockstep/spec/asm"
	"github.com/lockstep-ebpf/lockstep/vm"
	"github.com/lockstep-ebpf/lockstep/vm/maps"
)

// hexWidth is how many bytes stand on a line.
const hexWidth = 32

// Format writes the canonical form. The error says what in f has no written form:
// programs of different types, a name with blanks.
func Format(f *File) ([]byte, error) {
	if err := writable(f); err != nil {
		return nil, err
	}
	var b strings.Builder
	formatHeader(&b, f)
	names := Names(f.Maps)
	for _, p := range f.Programs {
		name := "prog"
		if p.Name != "" {
			name += "/" + p.Name
		}
		fmt.Fprintf(&b, "-- %s --\n%s", name, asm.Disassemble(p.Insns, asm.PseudoC, names))
	}
	for _, m := range f.Maps {
		formatMap(&b, m)
	}
	if len(f.Inputs) > 1 || len(f.Inputs) == 1 && !zero(&f.Inputs[0]) {
		for i := range f.Inputs {
			formatInput(&b, i, &f.Inputs[i])
		}
	}
	for i, e := range f.Expect {
		if e != nil {
			formatExpect(&b, f, i, e)
		}
	}
	return []byte(b.String()), nil
}

func writable(f *File) error {
	if len(f.Programs) == 0 {
		return fmt.Errorf("casefile: the case has no program")
	}
	if f.Name != strings.Join(strings.Fields(f.Name), " ") {
		return fmt.Errorf("casefile: case name %q: want words with single blanks between", f.Name)
	}
	for _, l := range f.Comment {
		if l != strings.TrimRight(l, " \t\r") || strings.Contains(l, "\n") {
			return fmt.Errorf("casefile: comment line %q: want one line that does not end in a blank", l)
		}
	}
	for _, p := range f.Programs {
		switch {
		case p.Type != f.Programs[0].Type:
			return fmt.Errorf("casefile: programs of types %s and %s in one case", f.Programs[0].Type, p.Type)
		case p.Order != f.Programs[0].Order:
			return fmt.Errorf("casefile: programs of both byte orders in one case")
		case p.License != f.Programs[0].License:
			return fmt.Errorf("casefile: programs under two licences, %q and %q, in one case", f.Programs[0].License, p.License)
		case p.License != strings.Join(strings.Fields(p.License), " "):
			return fmt.Errorf("casefile: license %q: want words with single blanks between", p.License)
		case p.Name != "" && !validProgName(p.Name):
			return fmt.Errorf("casefile: program name %q: want letters, digits and _.$-/, not ending in .hex", p.Name)
		}
	}
	for _, m := range f.Maps {
		if m.Name != "" && !validName(m.Name) {
			return fmt.Errorf("casefile: map name %q: want letters, digits and _.$-/", m.Name)
		}
	}
	for _, e := range f.Expect {
		if e != nil && e.Message != strings.Join(strings.Fields(e.Message), " ") {
			return fmt.Errorf("casefile: expected message %q: want words with single blanks between", e.Message)
		}
	}
	return nil
}

func zero(in *vm.Input) bool {
	return len(in.Memory)+len(in.Packet)+len(in.Context) == 0 && in.Seed == 0
}

func formatHeader(b *strings.Builder, f *File) {
	for _, l := range f.Comment {
		b.WriteString(strings.TrimRight("# "+l, " ") + "\n")
	}
	if f.Name != "" {
		fmt.Fprintf(b, "name: %s\n", f.Name)
	}
	fmt.Fprintf(b, "type: %s\n", formatProgramType(f.Programs[0].Type))
	if l := f.Programs[0].License; l != "" {
		fmt.Fprintf(b, "license: %s\n", l)
	}
	if f.Mode == vm.Trusted {
		b.WriteString("mode: trusted\n")
	}
	if f.Fuel != 0 {
		fmt.Fprintf(b, "fuel: %d\n", f.Fuel)
	}
	if f.FastFuel {
		b.WriteString("meter: fast\n")
	}
	if f.Programs[0].Order == spec.Big {
		b.WriteString("order: big\n")
	}
}

func formatMap(b *strings.Builder, m *maps.Spec) {
	b.WriteString("-- " + strings.TrimSpace("map "+m.Name) + " --\n")
	fmt.Fprintf(b, "type: %s\nkey: %d\nvalue: %d\nmax_entries: %d\n", formatMapType(m.Type), m.KeySize, m.ValueSize, m.MaxEntries)
	if m.Flags != 0 {
		fmt.Fprintf(b, "flags: %#x\n", m.Flags)
	}
	if m.Extra != 0 {
		fmt.Fprintf(b, "extra: %d\n", m.Extra)
	}
	if m.Frozen {
		b.WriteString("frozen: true\n")
	}
	if i := m.Inner; i != nil {
		fmt.Fprintf(b, "inner: %s %d %d %d %#x\n", formatMapType(i.Type), i.KeySize, i.ValueSize, i.MaxEntries, i.Flags)
	}
	if len(m.Fields) > 0 {
		fmt.Fprintf(b, "fields: %s\n", formatFields(m.Fields))
	}
	for _, e := range m.Entries {
		// A line may not begin with a blank: a queue's key has no bytes.
		b.WriteString(strings.TrimLeft(fmt.Sprintf("%x =%s\n", e.Key, hexLines(e.Value)), " "))
	}
}

func formatInput(b *strings.Builder, i int, in *vm.Input) {
	marker(b, "input", i)
	for _, x := range []struct {
		key string
		b   []byte
	}{{"memory", in.Memory}, {"packet", in.Packet}, {"ctx", in.Context}} {
		if len(x.b) > 0 {
			fmt.Fprintf(b, "%s:%s\n", x.key, hexLines(x.b))
		}
	}
	if in.Seed != 0 {
		fmt.Fprintf(b, "seed: %d\n", in.Seed)
	}
}

func marker(b *strings.Builder, name string, i int) {
	if i == 0 {
		fmt.Fprintf(b, "-- %s --\n", name)
		return
	}
	fmt.Fprintf(b, "-- %s %d --\n", name, i+1)
}

func formatExpect(b *strings.Builder, f *File, i int, e *Expect) {
	marker(b, "expect", i)
	fmt.Fprintf(b, "kind: %s\n", e.Kind)
	if e.R0 != nil {
		fmt.Fprintf(b, "r0: %#x\n", *e.R0)
	}
	if e.Steps != nil {
		fmt.Fprintf(b, "steps: %d\n", *e.Steps)
	}
	if e.Fault != nil {
		b.WriteString("fault: " + e.Fault.String() + "\n")
	}
	for _, x := range []struct {
		key string
		b   []byte
	}{{"memory", e.Memory}, {"packet", e.Packet}, {"ctx", e.Context}} {
		if x.b != nil {
			fmt.Fprintf(b, "%s:%s\n", x.key, hexLines(x.b))
		}
	}
	for _, el := range e.Maps {
		value := hexLines(el.Value)
		if el.Absent {
			value = " absent"
		}
		fmt.Fprintf(b, "map %s: %x =%s\n", mapName(f.Maps, el.Map), el.Key, value)
	}
	for _, t := range e.Trace {
		fmt.Fprintf(b, "trace: %q\n", t)
	}
	if e.Message != "" {
		fmt.Fprintf(b, "message: %s\n", e.Message)
	}
}

// mapName is a map's name where that is enough to find it, else its number.
func mapName(specs []*maps.Spec, i int) string {
	if i >= 0 && i < len(specs) && specs[i].Name != "" && mapByName(specs, specs[i].Name) == i {
		return specs[i].Name
	}
	return fmt.Sprintf("#%d", i)
}

func (f *Fault) String() string {
	s := f.Kind.String()
	if f.Prog != nil {
		s += fmt.Sprintf(" prog=%d", *f.Prog)
	}
	if f.PC != nil {
		s += fmt.Sprintf(" pc=%d", *f.PC)
	}
	if f.Addr != nil {
		s += fmt.Sprintf(" addr=%#x", *f.Addr)
	}
	return s
}

// hexLines writes bytes behind a colon or equals sign: on the same line if they
// fit, else on continuation lines.
func hexLines(b []byte) string {
	if len(b) == 0 {
		return ""
	}
	if len(b) <= hexWidth {
		return " " + hex.EncodeToString(b)
	}
	var s strings.Builder
	for len(b) > 0 {
		n := min(len(b), hexWidth)
		s.WriteString("\n\t" + hex.EncodeToString(b[:n]))
		b = b[n:]
	}
	return s.String()
}
