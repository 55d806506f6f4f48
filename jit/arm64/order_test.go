package arm64

import (
	"encoding/binary"
	"strings"
	"testing"

	"golang.org/x/arch/arm64/arm64asm"

	"github.com/lockstep-ebpf/lockstep/jit/plan"
	"github.com/lockstep-ebpf/lockstep/spec"
	"github.com/lockstep-ebpf/lockstep/vm"
)

// TestOrder: the code of each atomic has the order that its row promises (Linux,
// Documentation/memory-barriers.txt: what returns a value is fully ordered, what does
// not is not). Litmus programs cannot tell under qemu-user on a processor that hardly
// reorders by itself.
func TestOrder(t *testing.T) {
	for i := range spec.Table {
		row := &spec.Table[i]
		if row.Class() != spec.ClassSTX || row.Op&0xe0 != spec.ModeATOMIC {
			continue
		}
		in := spec.Insn{Op: row.Op, Dst: 1, Src: 2, Imm: int32(row.Imm.Lo)}
		for _, lse := range []bool{false, true} {
			want := "" // LSE says it in the instruction
			switch {
			case in.Imm == spec.AtomicLoadAcq:
				want = "LDAR"
			case in.Imm == spec.AtomicStoreRel:
				want = "STLR"
			case in.Imm&spec.AtomicFetch != 0 && lse: // so have xchg and cmpxchg
				want = "acquire release"
			case in.Imm&spec.AtomicFetch != 0:
				want = "STLXR DMB"
			}
			for mode := range plan.Mode(plan.NumModes) {
				l := &vm.Loaded{Program: &vm.Program{Insns: []spec.Insn{in, {Op: spec.EXIT}}}, Funcs: []int{0}, Aux: make([]vm.InsnAux, 2)}
				c := Compiler{Features: Features{LSE: lse}}
				if got := orderOf(c.Compile(plan.New(l, mode, nil)).Bytes); got != want {
					t.Errorf("%s, mode %b, LSE %v: %q, want %q", row.Name, mode, lse, got, want)
				}
			}
		}
	}
}

// orderOf lists what orders accesses in code.
func orderOf(code []byte) string {
	var all []string
	for ; len(code) >= 4; code = code[4:] {
		w := binary.LittleEndian.Uint32(code)
		switch {
		case w&0x3f200c00 == 0x38200000: // ldadd and its like: A and R
			all = append(all, marks(w, 23, 22)...)
			continue
		case w&0x3fa07c00 == 0x08a07c00: // cas: L, which is acquire, and o0
			all = append(all, marks(w, 22, 15)...)
			continue
		}
		in, err := arm64asm.Decode(code)
		if err != nil {
			continue
		}
		switch in.Op {
		case arm64asm.LDAR, arm64asm.LDARB, arm64asm.LDARH:
			all = append(all, "LDAR")
		case arm64asm.STLR, arm64asm.STLRB, arm64asm.STLRH:
			all = append(all, "STLR")
		case arm64asm.STLXR, arm64asm.LDAXR, arm64asm.DMB:
			all = append(all, in.Op.String())
		}
	}
	return strings.Join(all, " ")
}

func marks(w uint32, acquire, release uint) (m []string) {
	if w>>acquire&1 != 0 {
		m = append(m, "acquire")
	}
	if w>>release&1 != 0 {
		m = append(m, "release")
	}
	return m
}
