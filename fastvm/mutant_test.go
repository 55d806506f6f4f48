package fastvm_test

import (
	"testing"

	"github.com/lockstep-ebpf/lockstep/internal/mutant"
	"github.com/lockstep-ebpf/lockstep/spec"
	"github.com/lockstep-ebpf/lockstep/vm"
)

// TestMutants shows for every planted bug a program on which it matters.
func TestMutants(t *testing.T) {
	if !mutant.Built {
		t.Skip("the planted bugs are compiled in with -tags mutants only")
	}
	defer mutant.Enable(mutant.None)
	programs := map[mutant.ID]*vm.Case{
		mutant.Mod32ZeroKeepsUpper: of(prog(lddw(0, junk|7), mov(1, 0), op(aluX|spec.OpMOD, 0, 1, 0, 0), exit())),
		mutant.JSGTImmZeroExtended: of(prog(mov(0, 0), op(jmp|spec.OpJSGT, 0, 0, 1, -1), exit(), mov(0, 1), exit())),
		mutant.CmpXchg32KeepsUpper: of(prog(op(st|spec.SizeDW, 10, 0, -8, 7), lddw(0, junk|7),
			op(atom|spec.SizeW, 10, 0, -8, spec.AtomicCmpXchg), exit())),
		mutant.StackSlotAliased: of(prog(op(st|spec.SizeDW, 10, 0, -8, 1), op(st|spec.SizeDW, 10, 0, -16, 2),
			op(ldx|spec.SizeDW, 0, 10, -8, 0), exit())),
		mutant.TailCallOffByOne: programs(progArray(0), prog(tailCall(0), mov(0, 99), exit())),
		mutant.Div32TestsWholeSource: of(prog(mov(0, 5), lddw(1, junk), op(aluX|spec.OpDIV, 0, 1, 0, 0),
			exit())),
		mutant.LSH32Unmasked:      of(prog(mov(0, 1), mov(1, 33), op(aluX|spec.OpLSH, 0, 1, 0, 0), exit())),
		mutant.LE16KeepsUpper:     of(prog(lddw(0, junk|7), op(spec.ClassALU|spec.OpEND, 0, 0, 0, 16), exit())),
		mutant.LDXBKeepsUpper:     of(prog(op(st|spec.SizeDW, 10, 0, -8, 1), mov(0, -1), op(ldx|spec.SizeB, 0, 10, -8, 0), exit())),
		mutant.JEQ32ComparesWhole: of(prog(mov(0, 5), lddw(1, junk|5), op(jmp32|spec.OpJEQ|spec.SrcX, 0, 1, 1, 0), exit(), mov(0, 1), exit())),
		mutant.LDDWLowSignExtends: of(prog(lddw(0, 1<<32|minS32), exit())),
		mutant.CalleeClobbersR6:   of(prog(mov(6, 1), call(2), movx(0, 6), exit(), mov(6, 2), mov(0, 0), exit())),
		mutant.SDivOverflowIsZero: of(prog(lddw(0, minS64), op(alu64|spec.OpDIV, 0, 0, 1, -1), exit())),
	}
	for _, x := range mutant.All {
		if x.Where != "fastvm" {
			continue
		}
		c, ok := programs[x.ID]
		if !ok {
			t.Errorf("%s: no program shows it", x.Name)
			continue
		}
		for _, f := range sharedForms(t) {
			mutant.Enable(mutant.None)
			right := f.run(c).Result
			mutant.Enable(x.ID)
			if wrong := f.run(c).Result; right == wrong {
				t.Errorf("%s, %s: changes nothing: r0 %#x", x.Name, f.name, wrong.R0)
			}
		}
	}
}
