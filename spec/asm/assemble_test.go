package asm

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/lockstep-ebpf/lockstep/spec"
)

func TestProgram(t *testing.T) {
	const text = `# both syntaxes, every way to a label
	r1 = 0x10 ll            // two slots
	again: more: jeq r1, 0, out
	call body               ; a label comes before a helper
	r2 = body ll
	lddw r3, code_addr(body)
	gotol again
	ja32 out
	may_goto more

body:
	goto +0
	jne r1, 1, exit
	exit
out:
	exit
end:`
	p, err := Assemble(text, Names{Helpers: map[string]int32{"body": 7}})
	if err != nil {
		t.Fatal(err)
	}
	want := []spec.Insn{
		0:  {Op: spec.LDDW, Dst: 1, Imm: 16},
		2:  {Op: 0x15, Dst: 1, Off: 11},
		3:  {Op: spec.CALL, Src: 1, Imm: 7},
		4:  {Op: spec.LDDW, Dst: 2, Src: 4, Imm: 6},
		6:  {Op: spec.LDDW, Dst: 3, Src: 4, Imm: 4},
		8:  {Op: spec.JA32, Imm: -7},
		9:  {Op: spec.JA32, Imm: 4},
		10: {Op: spec.JCOND, Off: -9},
		11: {Op: spec.JA},
		12: {Op: 0x55, Dst: 1, Imm: 1},
		13: {Op: spec.EXIT},
		14: {Op: spec.EXIT},
	}
	if !slices.Equal(p.Insns, want) {
		t.Errorf("%v\nwant %v", p.Insns, want)
	}
	if lines := []int{2, 2, 3, 4, 5, 5, 6, 6, 7, 8, 9, 12, 13, 14, 16}; !slices.Equal(p.Lines, lines) {
		t.Errorf("lines %v, want %v", p.Lines, lines)
	}
	if labels := map[string]int{"again": 2, "more": 2, "body": 11, "out": 14, "end": 15}; !maps.Equal(p.Labels, labels) {
		t.Errorf("labels %v, want %v", p.Labels, labels)
	}
}

func TestDisassemble(t *testing.T) {
	insns := []spec.Insn{
		{Op: spec.LDDW, Dst: 1, Src: 1},
		{},
		{Op: spec.CALL, Imm: 1},
		{Op: 0x15, Off: 2},
		{Op: 0x05, Off: -4}, // into the middle of the first
		{Op: 0x8f, Dst: 1},
		{Op: spec.CALL, Src: 1, Imm: -4},
		{Op: spec.EXIT, Imm: 3},
		{Op: spec.LDDW, Dst: 1}, // half of one
	}
	names := Names{Maps: []string{"counts"}, Helpers: map[string]int32{"bpf_map_lookup_elem": 1}}
	want := `	r1 = map[counts]
	call bpf_map_lookup_elem#1
L3:
	if r0 == 0 goto L6
	goto -4
	.insn 0x8f, 1, 0, 0, 0	# opcode 0x8f is unknown: neg takes no source register
L6:
	call L3
	.insn 0x95, 0, 0, 0, 3	# imm 3 of exit must be 0
	.insn 0x18, 1, 0, 0, 0	# length 1 of lddw must be 2 slots: the program ends inside it
`
	if got := Disassemble(insns, PseudoC, names); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestErrors(t *testing.T) {
	far := "goto out\n" + strings.Repeat("exit\n", 40000) + "out: exit"
	for _, x := range []struct{ text, want string }{
		{"r1 += ", `line 1, column 7: found the end of the line, want a number from -2147483648 to 4294967295 or a register, r0 to r10`},
		{"exit\n\tr1 += r11", `line 2, column 8: found "r11", want a number from -2147483648 to 4294967295 or a register, r0 to r10`},
		{"r01 = 1", `line 1, column 1: found "r01", want an instruction, as ` + "`r1 += r2` or `add r1, r2`"},
		{"foo r1", `line 1, column 1: found "foo", want an instruction, as ` + "`r1 += r2` or `add r1, r2`"},
		{"if r1 s> 5 got", `line 1, column 12: found "got", want ` + "`goto`"},
		{"if r1 == 5 goto nowhere", `line 1, column 17: found "nowhere", want a distance, as +2 or a label of this program`},
		{"jeq r1, 2, 5", `line 1, column 12: found "5", want a distance, as +2 or a label of this program`},
		{"goto +32768", `line 1, column 7: found "32768", want a number from -32768 to 32767`},
		{"mov r0", `line 1, column 7: found the end of the line, want ` + "`,`"},
		{"exit 5", `line 1, column 6: found "5", want the end of the line`},
		{"r1 = 0x1ffffffffffffffff ll", `line 1, column 6: found "0x1ffffffffffffffff", want a number of at most 64 bits`},
		{"r1 = -0x8000000000000001 ll", `line 1, column 7: found "0x8000000000000001", want a number from -2147483648 to 4294967295, a number of at most 64 bits or a register, r0 to r10`},
		{"mov r1, 0x100000000", `line 1, column 9: found "0x100000000", want a number from -2147483648 to 4294967295 or a register, r0 to r10`},
		{"r1 = 12abc", `line 1, column 6: found "12abc", want a number, as 10 or 0xa`},
		{"*(u64 *)(r1 + 40000) = 1", `line 1, column 15: found "40000", want a number from -32768 to 32767`},
		{"r1 = *(u24 *)(r1 + 0)", `line 1, column 8: found "u24", want ` + "`s16`, `s32`, `s8`, `u16`, `u32`, `u64` or `u8`"},
		{"w1 = *(u64 *)(r1 + 0)", `line 1, column 8: found "u64", want ` + "`u16`, `u32` or `u8`"},
		{"r1 = be16 r2", `line 1, column 11: found "r2", want r1 again`},
		{"r1 = map[x]", `line 1, column 10: found "x", want a map: a, b`},
		{"r1 = 5; r2 = 6", `line 1, column 7: found ";", want one instruction a line (` + "`;` begins a comment)"},
		{"r1 = 5 @", `line 1, column 8: found "@", want a word, a number or an operator`},
		{"x: x: exit", `line 1, column 4: found "x", want a label that is a name and is defined once`},
		{"%r0: exit", `line 1, column 1: found "%r0", want a label that is a name and is defined once`},
		{".insn 0x100, 0, 0, 0, 0", `line 1, column 7: found "0x100", want a number from 0 to 255`},
		{".insn 1, 16, 0, 0, 0", `line 1, column 10: found "16", want a number from 0 to 15`},
		{far, `line 1, column 6: found "out", want a label at most 32767 slots away, not 40000 (gotol and ja32 reach further)`},
	} {
		_, err := Assemble(x.text, Names{Maps: []string{"a", "b"}})
		if err == nil || err.Error() != x.want {
			t.Errorf("%.40q: %v\n\twant %s", x.text, err, x.want)
		}
	}
}

// TestCommentsAreNotInstructions: what a kernel log has after `;` is let be.
func TestCommentsAreNotInstructions(t *testing.T) {
	for _, text := range []string{
		"exit", "exit # r1 = 5", "exit // r1 = 5", "exit ; R1_w=5", "exit ;", "; r1 = 5\nexit", "exit #1", "exit#1", "\r\n\texit\r\n",
	} {
		p, err := Assemble(text, Names{})
		if err != nil || !slices.Equal(p.Insns, []spec.Insn{{Op: spec.EXIT}}) {
			t.Errorf("%q: %v, %v", text, p, err)
		}
	}
}
