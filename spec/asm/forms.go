package asm

import "github.com/lockstep-ebpf/lockstep/spec"

// Syntax is one of the two ways to write an instruction.
type Syntax uint8

// The two syntaxes. PseudoC is the zero value.
const (
	PseudoC  Syntax = iota // r0 += r1
	Mnemonic               // add r0, r1
)

func (s Syntax) String() string {
	if s == Mnemonic {
		return "mnemonic"
	}
	return "pseudo-C"
}

// written has the forms of every row, by syntax and by the row's ID. The first
// that fits is the canonical one; the others are read, and never printed unless
// those before them cannot hold the fields. Rows internal to Linux have none.
var written = [2][][]*form{
	PseudoC:  formsOf(pseudoC),
	Mnemonic: formsOf(mnemonic),
}

// raw writes any slot.
var raw = newForm(nil, ".insn {raw op}, {raw dst}, {raw src}, {raw off}, {imm}")

// opening indexes all forms by the token that they begin with, or by their second
// if the first is a register: "lock", "{} +=". Within a key they keep their order,
// pseudo-C first.
var opening = func() map[string][]*form {
	m := map[string][]*form{".insn": {raw}}
	for _, rows := range written {
		for _, forms := range rows {
			for _, f := range forms {
				key := "{} "
				for _, p := range f.parts {
					if p.hole == nil {
						key += p.toks[0].text
						break
					}
				}
				if f.parts[0].hole == nil {
					key = f.parts[0].toks[0].text
				}
				m[key] = append(m[key], f)
			}
		}
	}
	return m
}()

func formsOf(patterns func(*spec.Row) []string) [][]*form {
	forms := make([][]*form, len(spec.Table))
	for i := range spec.Table {
		row := &spec.Table[i]
		if row.Internal {
			continue
		}
		for _, p := range patterns(row) {
			forms[i] = append(forms[i], newForm(row, p))
		}
	}
	return forms
}

// wideForms says what an LDDW can hold, by its Src: the same in both syntaxes.
var wideForms = map[int64][]string{
	spec.LDDWValue: {"{wide}"},
	spec.LDDWMapFD: {"map[{map}]", "map_by_fd({imm})", "map_by_fd({map})", "map_fd {imm}"},
	spec.LDDWMapValue: {
		"map[{map}][0] + {next}", "map_val(map_by_fd({imm})) + {next}", "map_val(map_by_fd({map})) + {next}",
	},
	spec.LDDWBTFVar:      {"var_addr({imm})", "var_addr({imm}) btf {next}", "variable_addr({imm})"},
	spec.LDDWFunc:        {"func {body}", "code_addr({body})"},
	spec.LDDWMapIdx:      {"map_by_idx({imm})"},
	spec.LDDWMapIdxValue: {"map_val(map_by_idx({imm})) + {next}"},
}
