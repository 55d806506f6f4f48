package verifier_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/lockstep-ebpf/lockstep/kernelcmp"
	"github.com/lockstep-ebpf/lockstep/spec"
	"github.com/lockstep-ebpf/lockstep/verifier"
	"github.com/lockstep-ebpf/lockstep/vm"
	"github.com/lockstep-ebpf/lockstep/vm/hook"
)

// largePrograms are programs near the limit of 1,000,000 instructions. The kernel's suite
// makes programs of these shapes when it runs, so its data has only their names.
var largePrograms = map[string]func() []spec.Insn{
	"ld_dw: xor semi-random 64 bit imms, test 5": func() []spec.Insn { return xorConstants(333_331) },
	"scale: scale test 1":                        func() []spec.Insn { return manyBranches(0) },
	"scale: scale test 2":                        func() []spec.Insn { return manyBranches(7) },
}

// xorConstants is n times a constant of 64 bits, put together.
func xorConstants(n int) []spec.Insn {
	r := rand.New(rand.NewPCG(1, 0))
	p := []spec.Insn{{Op: spec.MOV}}
	for range n {
		v := r.Uint64()
		p = append(p, spec.Insn{Op: spec.LDDW, Dst: 1, Imm: int32(v)}, spec.Insn{Imm: int32(v >> 32)}, spec.Insn{Op: spec.ClassALU64 | spec.OpXOR | spec.SrcX, Src: 1})
	}
	return append(p, spec.Insn{Op: spec.MOVX, Dst: 1}, spec.Insn{Op: spec.ClassALU64 | spec.OpRSH, Dst: 1, Imm: 32}, spec.Insn{Op: spec.ClassALU64 | spec.OpXOR | spec.SrcX, Src: 1}, spec.Insn{Op: spec.EXIT})
}

// manyBranches has 8,192 branches in a row, each of which jumps over a store to the stack,
// and then a million instructions; all of it below depth calls.
func manyBranches(depth int) (p []spec.Insn) {
	const branches, total, frame = 8192, 1_000_000, 64
	for range depth {
		p = append(p, spec.Insn{Op: spec.CALL, Src: spec.CallLocal, Imm: 1}, spec.Insn{Op: spec.EXIT})
	}
	p = append(p, spec.Insn{Op: spec.MOVX, Dst: 6, Src: 1})
	for k := range branches {
		off := -8 * int16(k%(frame-4*depth)+1)
		p = append(p, spec.Insn{Op: spec.CALL, Imm: 7}, spec.Insn{Op: spec.ClassJMP | spec.OpJEQ, Imm: int32(k * 7919), Off: 2},
			spec.Insn{Op: spec.MOVX, Dst: 1, Src: 10}, spec.Insn{Op: spec.STXDW, Dst: 1, Src: 6, Off: off})
	}
	for len(p) < total-4*branches {
		p = append(p, spec.Insn{Op: spec.MOV, Imm: 42})
	}
	return append(p, spec.Insn{Op: spec.EXIT})
}

// TestLargePrograms: they are accepted, as by the kernel, which also says how many
// instructions it looks at.
func TestLargePrograms(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: programs of a million instructions")
	}
	k := openKernel(t)
	for name, insns := range largePrograms {
		c := &vm.Case{Programs: []*vm.Program{{Type: hook.SchedCLS, Insns: insns()}}}
		res := verifier.Verify(c, verifier.Options{})
		v := k.TryLoads([]*kernelcmp.Load{{Type: hook.SchedCLS.Prog(), Insns: c.Programs[0].Insns, Funcs: starts(c.Programs[0])}})[0]
		theirs := processedInLog(v.Log)
		t.Logf("%s: ours %s, %d instructions, %d states; Linux: %d, %d instructions", name, res.Verdict, res.Processed, res.States, v.Errno, theirs)
		if res.Verdict != verifier.Accepted || v.Errno != 0 {
			t.Errorf("%s: ours %v; Linux: errno %d, %s", name, res.Failure, v.Errno, v.Problem)
		}
	}
}

// processedInLog is how many instructions the kernel says that it looked at.
func processedInLog(log string) (n int) {
	if i := strings.LastIndex(log, "processed "); i >= 0 {
		fmt.Sscanf(log[i:], "processed %d insns", &n)
	}
	return n
}

// starts are the slots at which the functions of a program begin, if it has more than one.
func starts(p *vm.Program) (all []uint32) {
	at := map[int]bool{}
	for pc, i := range p.Insns {
		if i.Op == spec.CALL && i.Src == spec.CallLocal || i.Op == spec.LDDW && i.Src == spec.LDDWFunc {
			at[0], at[pc+1+int(i.Imm)] = true, true
		}
	}
	for pc := range p.Insns {
		if at[pc] {
			all = append(all, uint32(pc))
		}
	}
	return all
}
