package vm

import (
	"strings"
	"testing"

	"github.com/lockstep-ebpf/lockstep/spec/asm"
)

func program(t *testing.T, text string) *Program {
	t.Helper()
	p, err := asm.Assemble(text, asm.Names{Maps: []string{"m"}})
	if err != nil {
		t.Fatal(err)
	}
	return &Program{Insns: p.Insns}
}

func TestCheckShapes(t *testing.T) {
	for _, tt := range []struct {
		name, text string
		funcs      int
		want       string // part of the rejection; empty: accepted
	}{
		{"smallest", "r0 = 0\nexit", 1, ""},
		{"subprogram", "call f\nexit\nf: r0 = 1\nexit", 2, ""},
		{"callback", "r2 = func f\nr0 = 0\nexit\nf: r0 = 0\nexit", 2, ""},
		{"ends in ja", "top: r0 = 0\ngoto top", 1, ""},
		{"empty", "", 0, "empty"},
		{"falls off", "r0 = 0", 0, "insn 0: control falls off"},
		{"ends in a branch", "r0 = 0\nif r0 == 0 goto -2", 0, "insn 1: control falls off"},
		{"jumps behind the end", "goto +1\nexit", 0, "insn 0: jump to 2"},
		{"jumps before the start", "goto -2\nexit", 0, "insn 0: jump to -1"},
		{"jumps into an lddw", "goto +1\nr0 = 1 ll\nexit", 0, "insn 0: jump to 2"},
		{"jumps into another function", "call f\nif r0 == 0 goto f\nexit\nf: r0 = 0\nexit", 0, "insn 1: jump to 3"},
		{"function without an end", "call f\nexit\nf: r0 = 0\ncall f", 0, "falls off"},
		{"calls nothing", "call pc+9\nexit", 0, "insn 0: there is no function at 10"},
		{"a reserved field", ".insn 0x95, 1, 0, 0, 0", 0, "insn 0: dst 1 of exit must be 0"},
		{"half an lddw", ".insn 0x18, 0, 0, 0, 0", 0, "must be 2 slots"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			funcs, err := Check(program(t, tt.text))
			switch {
			case tt.want == "" && err != nil:
				t.Errorf("rejected: %v", err)
			case tt.want == "" && len(funcs) != tt.funcs:
				t.Errorf("functions at %v, want %d", funcs, tt.funcs)
			case tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)):
				t.Errorf("%v, want %q", err, tt.want)
			}
		})
	}
}
