package gen

import (
	"bytes"
	_ "embed"
	"fmt"
	"strings"
	"text/template"

	"github.com/lockstep-ebpf/lockstep/spec"
	"github.com/lockstep-ebpf/lockstep/spec/asm"
	"github.com/lockstep-ebpf/lockstep/spec/errata"
)

//go:embed isa.md.tmpl
var isaText string

// Markdown is the specification for people: the prose of isa.md.tmpl with tables
// from spec.Table and spec/errata.
func Markdown() ([]byte, error) {
	t, err := template.New("ISA.md").Funcs(template.FuncMap{
		"rows":     sectionTable,
		"tree":     treeOf,
		"groups":   groupTable,
		"errata":   errataOf,
		"laws":     laws,
		"kinds":    func() []string { return errata.Groups },
		"internal": internalTable,
		"index":    indexTable,
		"forms":    func() int { return len(spec.Table) - len(internalRows()) },
	}).Parse(isaText)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	err = t.Execute(&b, nil)
	return b.Bytes(), err
}

// sections are the tables of the specification: each form that a program may
// contain is in one of them.
var sections = map[string]func(*spec.Row) bool{
	"arithmetic": func(r *spec.Row) bool { return r.Section == "4.1" && !isMove(r) },
	"moves":      func(r *spec.Row) bool { return r.Section == "4.1" && isMove(r) },
	"swaps":      func(r *spec.Row) bool { return r.Section == "4.2" },
	"jumps64":    func(r *spec.Row) bool { return r.Conditional() && r.Class() == spec.ClassJMP && r.Op != spec.JCOND },
	"jumps32":    func(r *spec.Row) bool { return r.Conditional() && r.Class() == spec.ClassJMP32 },
	"gotos":      func(r *spec.Row) bool { return r.Op == spec.JA || r.Op == spec.JA32 },
	"calls":      func(r *spec.Row) bool { return r.Op == spec.CALL || r.Op == spec.EXIT },
	"memory":     func(r *spec.Row) bool { return r.Section == "5.1" || r.Section == "5.2" },
	"immediates": func(r *spec.Row) bool { return r.Section == "5.4" },
	"atomics":    func(r *spec.Row) bool { return r.Section == "5.3" },
	"packet":     func(r *spec.Row) bool { return r.Section == "5.5" },
	"linux":      func(r *spec.Row) bool { return r.Group == spec.Linux },
}

func isMove(r *spec.Row) bool { return r.Op&0xf0 == spec.OpMOV }

func sectionTable(name string) (string, error) {
	in, ok := sections[name]
	if !ok {
		return "", fmt.Errorf("no section %q", name)
	}
	var rows []*spec.Row
	for i := range spec.Table {
		if r := &spec.Table[i]; !r.Internal && in(r) {
			rows = append(rows, r)
		}
	}
	return Table(rows), nil
}

// Table is a Markdown table of forms.
func Table(rows []*spec.Row) string {
	var b strings.Builder
	b.WriteString("| Opcode | Written | Or | Effect | Fields | Group | Since |\n|---|---|---|---|---|---|---|\n")
	for _, r := range rows {
		fmt.Fprintf(&b, "| `%#02x` | %s | %s | %s | %s | %s | %s |\n",
			r.Op, code(Written(r, asm.PseudoC)), code(Written(r, asm.Mnemonic)), code(r.Effect), fields(r), r.Group, r.Since)
	}
	return b.String()
}

func code(s string) string { return "`" + strings.ReplaceAll(s, "|", `\|`) + "`" }

// Written is an example of the form: r1 for dst, r2 for src, offset 8, immediate 7.
func Written(r *spec.Row, syntax asm.Syntax) string {
	in := spec.Insn{Op: r.Op, Src: uint8(r.Src.Lo), Off: int16(r.Off.Lo), Imm: int32(r.Imm.Lo)}
	if r.Dst.IsRegister() {
		in.Dst = 1
	}
	if r.Src.IsRegister() {
		in.Src = 2
	}
	if !r.Off.Selects() {
		in.Off = 8
	}
	if !r.Imm.Selects() {
		in.Imm = 7
	}
	text, _ := asm.Format([]spec.Insn{in, {}}, 0, syntax, asm.Names{})
	return text
}

// fields says what the encoding asks for, beyond registers being registers.
func fields(r *spec.Row) string {
	var zero, rules []string
	for _, f := range []struct {
		name  string
		field spec.Field
	}{{"dst", r.Dst}, {"src", r.Src}, {"off", r.Off}, {"imm", r.Imm}, {"next imm", r.Next}} {
		switch {
		case f.name == "next imm" && !r.IsWide(), f.field == spec.Any, f.field.Kind == spec.Register:
		case f.field.Kind == spec.Reserved:
			zero = append(zero, f.name)
		case f.field.Kind == spec.Written:
			rules = append(rules, f.name+" ≤ r9")
		case f.field == spec.NonZero:
			rules = append(rules, f.name+" ≠ 0")
		case f.field.Selects() && (f.field.Lo > 0xff || r.Op&7 == spec.ClassSTX):
			rules = append(rules, fmt.Sprintf("%s = %#02x", f.name, f.field.Lo))
		case f.field.Selects():
			rules = append(rules, fmt.Sprintf("%s = %d", f.name, f.field.Lo))
		default:
			rules = append(rules, fmt.Sprintf("%s %d–%d", f.name, f.field.Lo, f.field.Hi))
		}
	}
	if zero != nil {
		rules = append(rules, strings.Join(zero, " = ")+" = 0")
	}
	return strings.Join(rules, ", ")
}

func treeOf(name string) (string, error) {
	r := spec.ByName(name)
	if r == nil {
		return "", fmt.Errorf("no form %q", name)
	}
	return fmt.Sprintf("    %-18s %s", name, r.Do), nil
}

func groupTable() string {
	var b strings.Builder
	b.WriteString("| Group | Forms | Includes |\n|---|---|---|\n")
	for _, g := range []struct {
		name     spec.Group
		includes string
	}{
		{spec.Base32, ""},
		{spec.Base64, "base32"},
		{spec.Atomic32, ""},
		{spec.Atomic64, "atomic32"},
		{spec.Divmul32, ""},
		{spec.Divmul64, "divmul32"},
		{spec.Packet, ""},
		{spec.Linux, ""},
	} {
		n := 0
		for _, r := range spec.Table {
			if r.Group == g.name && !r.Internal {
				n++
			}
		}
		fmt.Fprintf(&b, "| %s | %d | %s |\n", g.name, n, g.includes)
	}
	return b.String()
}

func errataOf(group string) string {
	var b strings.Builder
	for _, e := range errata.All {
		if e.Group == group {
			fmt.Fprintf(&b, "**%s · %s** ([case](errata/cases/%s.txtar))\n- Texts: %s\n- Linux: %s\n- Here: %s\n", e.ID, e.Title, e.Case, e.Texts, e.Linux, e.Choice)
			for _, c := range errata.ClaimsOf(e.ID) {
				fmt.Fprintf(&b, "- %s\n", claim(c))
			}
			b.WriteString("\n")
		}
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// laws lists the claims about a section of the RFC.
func laws(section string) (string, error) {
	var b strings.Builder
	for _, c := range errata.ClaimsOf(section) {
		fmt.Fprintf(&b, "- %s\n", claim(c))
	}
	if b.Len() == 0 {
		return "", fmt.Errorf("no laws of section %s", section)
	}
	return b.String(), nil
}

// claim says a claim in words, and where its term is true if it is so for some
// operands only.
func claim(c errata.Claim) string {
	if c.Witness == nil {
		return "Proved: " + c.Words
	}
	var at []string
	for _, operand := range []struct{ constant, name, format string }{
		{"x", "dst", "%#x"}, {"y", "src", "%d"}, {"z", "r0", "%#x"}, {"i", "imm", "%d"}, {"j", "next_imm", "%d"},
	} {
		v, ok := c.Witness[operand.constant]
		if !ok {
			continue
		}
		number := fmt.Sprintf(operand.format, v)
		if errata.Constants[operand.constant] == 32 {
			number = fmt.Sprint(int32(v))
		}
		at = append(at, operand.name+" = "+number)
	}
	return fmt.Sprintf("Witness: %s So with %s.", c.Words, strings.Join(at, ", "))
}

func internalRows() (rows []*spec.Row) {
	for i := range spec.Table {
		if spec.Table[i].Internal {
			rows = append(rows, &spec.Table[i])
		}
	}
	return rows
}

func internalTable() string {
	var b strings.Builder
	b.WriteString("| Opcode | Name | Effect |\n|---|---|---|\n")
	for _, r := range internalRows() {
		fmt.Fprintf(&b, "| `%#02x` | %s | %s |\n", r.Op, r.Name, r.Effect)
	}
	return b.String()
}

// indexTable lists the opcodes that have forms; internal ones are in parentheses.
func indexTable() string {
	var b strings.Builder
	b.WriteString("| Opcode | Forms |\n|---|---|\n")
	for op := range 256 {
		var names []string
		for _, r := range spec.ByOpcode(uint8(op)) {
			if r.Internal {
				names = append(names, "("+r.Name+")")
			} else {
				names = append(names, r.Name)
			}
		}
		if names != nil {
			fmt.Fprintf(&b, "| `%#02x` | %s |\n", op, strings.Join(names, ", "))
		}
	}
	return b.String()
}
