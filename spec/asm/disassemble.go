package asm

import (
	"errors"
	"fmt"
	"strings"

	"github.com/lockstep-ebpf/lockstep/spec"
)

// Disassemble writes a program, one instruction a line, with labels such as L7
// where jumps, calls and callbacks within the program lead. Beside a slot that
// only .insn can write stands the reason. Assembled with the same names the text
// gives the same slots.
func Disassemble(insns []spec.Insn, syntax Syntax, names Names) string {
	at := place{names: &names, labels: labelsOf(insns, syntax, &names)}
	var b strings.Builder
	for at.pc < len(insns) {
		if l, ok := at.labels[at.pc]; ok {
			b.WriteString(l + ":\n")
		}
		f, text := write(insns, syntax, &at)
		b.WriteString("\t" + text)
		if f == raw {
			b.WriteString("\t# " + reason(insns, at.pc))
		}
		b.WriteByte('\n')
		at.pc += f.slots()
	}
	return b.String()
}

// Format writes the instruction at pc, with distances for targets, and says how
// many slots it takes: 2 for a well-formed LDDW, else 1.
func Format(insns []spec.Insn, pc int, syntax Syntax, names Names) (text string, slots int) {
	f, text := write(insns, syntax, &place{pc: pc, names: &names})
	return text, f.slots()
}

func (f *form) slots() int {
	if f.wide() {
		return 2
	}
	return 1
}

// write picks the first form that can hold the fields.
func write(insns []spec.Insn, syntax Syntax, at *place) (*form, string) {
	i := insns[at.pc]
	var second spec.Insn
	whole := true // a form of two slots has both
	if i.Wide() {
		whole = false
		if at.pc+1 < len(insns) {
			second = insns[at.pc+1]
			whole = second == spec.Insn{Imm: second.Imm}
		}
	}
	v := valuesOf(i, second)
	if row := spec.Lookup(i); row != nil && whole {
		for _, f := range written[syntax][row.ID] {
			if text, ok := f.print(v, at); ok {
				return f, text
			}
		}
	}
	text, _ := raw.print(valuesOf(i, spec.Insn{}), at)
	return raw, text
}

// labelsOf names every slot that an instruction leads to, if a line begins there.
func labelsOf(insns []spec.Insn, syntax Syntax, names *Names) map[int]string {
	starts := make([]bool, len(insns))
	var targets []int
	for pc := 0; pc < len(insns); {
		starts[pc] = true
		f, _ := write(insns, syntax, &place{pc: pc, names: names})
		if f.target != 0 {
			targets = append(targets, pc+1+int(valuesOf(insns[pc], spec.Insn{})[f.target]))
		}
		pc += f.slots()
	}
	labels := map[int]string{}
	for _, t := range targets {
		if t >= 0 && t < len(insns) && starts[t] {
			labels[t] = fmt.Sprintf("L%d", t)
		}
	}
	return labels
}

// noForm would be a hole in the tables of forms; a test looks for it.
const noForm = "valid, but has no written form"

// reason says what is wrong with a slot.
func reason(insns []spec.Insn, pc int) string {
	_, err := spec.Check(insns, pc)
	var e *spec.Error
	if !errors.As(err, &e) {
		return noForm
	}
	return strings.TrimPrefix(e.Error(), fmt.Sprintf("insn %d: ", e.Slot))
}
