package asm

import (
	"slices"
	"testing"

	"github.com/lockstep-ebpf/lockstep/spec"
)

var someNames = Names{
	Maps: []string{"counts", "events", "counts", "no name"},
	Helpers: map[string]int32{
		"bpf_map_lookup_elem": 1, "bpf_map_update_elem": 2, "kfunc": 64, "a.second.name": 1, "L1": 4, "local": 10,
	},
}

// TestEveryRowIsWrittenInBothSyntaxes takes every row through every corner of its
// fields. Only .insn may write what spec.Check refuses; it must not be needed for
// anything else.
func TestEveryRowIsWrittenInBothSyntaxes(t *testing.T) {
	for i := range spec.Table {
		row := &spec.Table[i]
		for _, syntax := range []Syntax{PseudoC, Mnemonic} {
			n, failed := 0, 0
			for _, names := range []Names{{}, someNames} {
				corners(row, func(insns []spec.Insn) {
					n++
					text, slots := Format(insns, 0, syntax, names)
					isRaw := slots != len(insns) || text[0] == '.'
					if isRaw != row.Internal && failed < 3 {
						failed++
						t.Errorf("%s in %s: %v is written %q", row.Name, syntax, insns, text)
					}
					if isRaw {
						return
					}
					p, err := Assemble(text, names)
					if (err != nil || !slices.Equal(p.Insns, insns)) && failed < 3 {
						failed++
						t.Errorf("%s in %s: %v is written %q and read as %v, %v", row.Name, syntax, insns, text, p, err)
					}
				})
			}
			if n == 0 {
				t.Errorf("%s: no corner", row.Name)
			}
		}
	}
}

// TestEveryFormIsReached reads back every spelling, the canonical and the others,
// by printing each form on its own.
func TestEveryFormIsReached(t *testing.T) {
	for syntax, rows := range written {
		for id, forms := range rows {
			row := &spec.Table[id]
			for k, f := range forms {
				printed := 0
				corners(row, func(insns []spec.Insn) {
					second := append(insns, spec.Insn{})[1]
					text, ok := f.print(valuesOf(insns[0], second), &place{names: &someNames})
					if !ok {
						return
					}
					printed++
					p, err := Assemble(text, someNames)
					if err != nil || !slices.Equal(p.Insns, insns) {
						t.Errorf("%s: %q is read as %v, %v, want %v", row.Name, text, p, err, insns)
					}
				})
				if printed == 0 {
					t.Errorf("%s: form %d in %s was never printed", row.Name, k, Syntax(syntax))
				}
			}
		}
	}
}

// TestFormsCoverWhatRowsLeaveOpen: a field that a row leaves open and the first
// usable form does not show would be lost.
func TestFormsCoverWhatRowsLeaveOpen(t *testing.T) {
	for syntax, rows := range written {
		for id, forms := range rows {
			row := &spec.Table[id]
			if row.Internal {
				continue
			}
			var covers [numFields]bool
			for _, f := range forms {
				for x := range covers {
					covers[x] = covers[x] || f.covers[x]
				}
			}
			for x, is := range map[field]spec.Field{dst: row.Dst, src: row.Src, off: row.Off, imm: row.Imm, next: row.Next} {
				if !is.Selects() && !covers[x] {
					t.Errorf("%s in %s: no form shows field %d", row.Name, Syntax(syntax), x)
				}
			}
		}
	}
}
