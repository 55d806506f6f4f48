package cfg_test

import (
	"testing"

	"github.com/lockstep-ebpf/lockstep/spec/asm"
	"github.com/lockstep-ebpf/lockstep/verifier/cfg"
)

// TestStructure: the first mistake, in the kernel's words. The kernel is asked the same by
// the verifier's parity tests.
func TestStructure(t *testing.T) {
	for _, tt := range []struct{ prog, want string }{
		{"r0 = 0\nexit", ""},
		{"again:\nr0 = 0\ngoto again", ""},
		{"call f\nexit\nf:\nr0 = 1\nexit", ""},
		{"r0 = 0", "last insn is not an exit or jmp"},
		{"r0 = 0\nif r0 == 0 goto -5\nexit", "jump out of range from insn 1 to -3"},
		{"if r0 == 0 goto +1\nr1 = 0x1 ll\nexit", "jump into the middle of ldimm64 insn 1"},
		{"r0 = 0\nexit\nr0 = 1\nexit", "unreachable insn 2"},
		{"r0 = 0\nexit\ncall pc-1\nexit", "unreachable insn 2"},
		{"call pc+100\nexit", "call to invalid destination"},
		{".insn 0xff, 0, 0, 0, 0\nexit", "unknown opcode ff"},
	} {
		p, err := asm.Assemble(tt.prog, asm.Names{})
		if err != nil {
			t.Fatalf("%q: %v", tt.prog, err)
		}
		got := ""
		if _, err := cfg.Build(p.Insns, cfg.Options{}); err != nil {
			got = err.Text
		}
		if got != tt.want {
			t.Errorf("%q: %q, want %q", tt.prog, got, tt.want)
		}
	}
}

// TestLiveness: a register is live from where it is read back to where it is written.
func TestLiveness(t *testing.T) {
	p, err := asm.Assemble("r6 = 1\nr7 = 2\nif r6 == 0 goto out\nr6 = r7\nout:\nr0 = r6\nexit", asm.Names{})
	if err != nil {
		t.Fatal(err)
	}
	g, bad := cfg.Build(p.Insns, cfg.Options{})
	if bad != nil {
		t.Fatal(bad)
	}
	for pc, want := range []uint16{0, 1 << 6, 1<<6 | 1<<7, 1 << 7, 1 << 6, 1} {
		if got := g.Live[pc] &^ (1 << 10); got != want {
			t.Errorf("insn %d: live %011b, want %011b", pc, got, want)
		}
	}
}
