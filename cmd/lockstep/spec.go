package main

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/lockstep-ebpf/lockstep/spec"
	"github.com/lockstep-ebpf/lockstep/spec/asm"
	"github.com/lockstep-ebpf/lockstep/spec/gen"
)

type specCmd struct {
	Insn     string `arg:"" optional:"" help:"A form (add64.x), a mnemonic (jeq32), an opcode (0x0f) or an instruction ('r1 += r2')."`
	JSON     bool   `name:"json" xor:"form" help:"The table, or the forms found, as JSON."`
	Markdown bool   `xor:"form" help:"The specification, or a table of the forms found, as Markdown."`
	SMT      bool   `name:"smt" xor:"form" help:"The forms that compute, as SMT-LIB 2 functions of what they read."`
	Big      bool   `help:"With --smt: of a big-endian machine."`
}

func (c *specCmd) Help() string {
	return `Without arguments: all forms, one a line.

Examples:

  lockstep spec jset
  lockstep spec 'w1 s/= w2'
  lockstep spec --markdown > ISA.md
  lockstep spec mod32.x --smt
  lockstep spec --smt --big > ebpf.smt2

The SMT-LIB functions take dst, src and imm; those of memory forms also r0 and what is
in memory. NAME is what the form writes to its register or whether it jumps, and
NAME.mem what it leaves in memory. ISA.md lists laws that z3 proved of them.`
}

func (c *specCmd) Run(t *terminal) error {
	if c.Insn == "" {
		return c.all(t)
	}
	rows := find(c.Insn)
	if len(rows) == 0 {
		return fmt.Errorf("no instruction %q%s", c.Insn, near(c.Insn))
	}
	switch {
	case c.JSON:
		t.json = true
		all := make([]spec.RowJSON, len(rows))
		for i, r := range rows {
			all[i] = r.JSON()
		}
		return t.object(map[string]any{"schema": spec.Schema, "rows": all})
	case c.Markdown:
		_, err := io.WriteString(t.out, gen.Table(rows))
		return err
	case c.SMT:
		found := false
		for _, r := range rows {
			if text, ok := r.SMT(byteOrder(c.Big)); ok {
				found = true
				fmt.Fprint(t.out, text)
			}
		}
		if !found {
			return fmt.Errorf("%s has no SMT form: calls, packet access and what the loader resolves have none", c.Insn)
		}
		return nil
	}
	for i, r := range rows {
		if i > 0 {
			fmt.Fprintln(t.out)
		}
		printRow(t.out, r)
	}
	return nil
}

func (c *specCmd) all(t *terminal) error {
	var text []byte
	var err error
	switch {
	case c.JSON:
		text, err = spec.MarshalTable()
	case c.Markdown:
		text, err = gen.Markdown()
	case c.SMT:
		text = []byte(spec.SMT(byteOrder(c.Big)))
	default:
		for i := range spec.Table {
			if r := &spec.Table[i]; !r.Internal {
				fmt.Fprintf(t.out, "%#02x  %-20s %-36s %s\n", r.Op, r.Name, gen.Written(r, asm.PseudoC), r.Effect)
			}
		}
		fmt.Fprintln(t.err, "lockstep spec NAME shows one of them.")
	}
	return errors.Join(err, write(t.out, text))
}

func write(w io.Writer, b []byte) error {
	_, err := w.Write(b)
	return err
}

// find looks a form up by whatever a person may have at hand.
func find(s string) []*spec.Row {
	if r := spec.ByName(s); r != nil {
		return []*spec.Row{r}
	}
	var rows []*spec.Row
	for i := range spec.Table {
		if r := &spec.Table[i]; strings.EqualFold(r.Mnemonic, s) || strings.EqualFold(r.Name, s) {
			rows = append(rows, r)
		}
	}
	if rows != nil {
		return rows
	}
	if op, err := strconv.ParseUint(s, 0, 8); err == nil {
		return spec.ByOpcode(uint8(op))
	}
	p, err := asm.Assemble(s, asm.Names{Maps: []string{"m"}})
	if err == nil && len(p.Insns) > 0 {
		if r := spec.Lookup(p.Insns[0]); r != nil {
			return []*spec.Row{r}
		}
	}
	return nil
}

// near offers forms whose names contain what was asked for, or begin alike.
func near(s string) string {
	var names []string
	for n := len(s); n > 1 && names == nil; n-- {
		for i := range spec.Table {
			if strings.Contains(spec.Table[i].Name, strings.ToLower(s[:n])) && len(names) < 8 {
				names = append(names, spec.Table[i].Name)
			}
		}
	}
	if names == nil {
		return ": lockstep spec lists all forms"
	}
	slices.Sort(names)
	return ": did you mean " + strings.Join(names, ", ") + "? (lockstep spec lists all forms)"
}
