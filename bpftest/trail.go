package bpftest

import (
	"fmt"
	"strings"

	"github.com/lockstep-ebpf/lockstep/refvm"
	"github.com/lockstep-ebpf/lockstep/spec/asm"
	"github.com/lockstep-ebpf/lockstep/vm"
)

// trail keeps the last steps of a run.
type trail struct {
	steps [trailLength]step
	n     uint64
}

const trailLength = 24

// step is an instruction with the registers before it.
type step struct {
	prog *vm.Loaded
	pc   int
	regs [11]uint64
}

func (t *trail) see(s *refvm.State) {
	t.steps[t.n%trailLength] = step{s.Prog, s.PC, s.Regs}
	t.n++
}

func (t *trail) start() { t.n = 0 }

// String has a line for each instruction: what it is, and which registers it changed.
func (t *trail) String() string {
	var b strings.Builder
	first := uint64(0)
	if t.n > trailLength {
		first = t.n - trailLength
		fmt.Fprintf(&b, "\n\t... %d instructions before", first)
	}
	for i := first; i < t.n; i++ {
		s := &t.steps[i%trailLength]
		insn := s.prog.Insns[s.pc:min(len(s.prog.Insns), s.pc+2)]
		if !insn[0].Wide() {
			insn = insn[:1]
		}
		text := strings.TrimSpace(asm.Disassemble(insn, 0, asm.Names{}))
		fmt.Fprintf(&b, "\n\t%5d: %-40s", s.pc, text)
		if i+1 < t.n {
			next := &t.steps[(i+1)%trailLength]
			for r := range next.regs[:10] {
				if next.regs[r] != s.regs[r] {
					fmt.Fprintf(&b, " r%d=%#x", r, next.regs[r])
				}
			}
		}
	}
	return b.String()
}
