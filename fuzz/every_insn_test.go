package fuzz_test

import (
	"testing"

	"github.com/lockstep-ebpf/lockstep/fuzz"
	"github.com/lockstep-ebpf/lockstep/fuzz/internal/planted"
	"github.com/lockstep-ebpf/lockstep/fuzz/oracle"
	"github.com/lockstep-ebpf/lockstep/fuzz/reduce"
	"github.com/lockstep-ebpf/lockstep/refvm"
	"github.com/lockstep-ebpf/lockstep/reports"
	"github.com/lockstep-ebpf/lockstep/spec"
	"github.com/lockstep-ebpf/lockstep/vm"
)

// TestEveryInstructionIsNamedAndReduced has an engine that is wrong at one row of
// the table, for one row after the other, and wants a finding that names the row
// and is short.
func TestEveryInstructionIsNamedAndReduced(t *testing.T) {
	var row *spec.Row
	targets := planted.Targets(t, planted.Engine("wrong", func(b, now *refvm.State) {
		if i := b.Insn(); spec.Lookup(i) == row {
			spoil(row, i, b, now)
		}
	}))
	ref, err := oracle.NewReference()
	if err != nil {
		t.Fatal(err)
	}
	defer ref.Close()
	o := oracle.New(targets)
	r := &reduce.Reducer{Oracle: o, Reference: ref}
	generate := generator()
	const programs = 3000
	found, longest, absent := 0, 0, []string{}
	for k := range spec.Table {
		row = &spec.Table[k]
		if row.Internal || !row.Falls() || row.Op == spec.CALL {
			continue
		}
		f := first(o, r, generate, row, programs)
		if f == nil {
			absent = append(absent, row.Name)
			continue
		}
		found, longest = found+1, max(longest, f.Insns)
		if f.Signature.Insn != row.Name || f.Insns > 8 {
			t.Errorf("%s is wrong, found as %s in %d instructions:\n%s", row.Name, f.Signature, f.Insns, reports.Render(f))
		}
	}
	t.Logf("%d rows found, at most %d instructions; not in the first %d programs: %v", found, longest, programs, absent)
	if found < 140 {
		t.Errorf("only %d rows were found", found)
	}
}

// first reduces the first mismatch that a wrong row makes.
func first(o *oracle.Oracle, r *reduce.Reducer, generate fuzz.Generator, row *spec.Row, programs uint64) *reports.Finding {
	for n := range programs {
		c := generate(fuzz.Stream(2, n))
		if !contains(c, row) || len(c.Programs) > 1 { // the planted engine makes no tail calls
			continue
		}
		for _, m := range o.Judge(c) {
			return r.Shrink(r.Identify(c, m))
		}
	}
	return nil
}

func contains(c *vm.Case, row *spec.Row) bool {
	for _, p := range c.Programs {
		for _, i := range p.Insns {
			if i.Op == row.Op && spec.Lookup(i) == row {
				return true
			}
		}
	}
	return false
}

// spoil makes the effect of an instruction wrong: another register value, another
// byte in memory, the other way at a branch.
func spoil(row *spec.Row, i spec.Insn, b, now *refvm.State) {
	switch atomic := i.Op&0xe0 == spec.ModeATOMIC; {
	case row.Branches():
		to, _ := vm.JumpTarget(i, b.PC)
		if now.PC == b.PC+1 {
			now.PC = to
		} else {
			now.PC = b.PC + 1
		}
	case i.Class() == spec.ClassLD && !row.IsWide():
		now.Regs[0] ^= 1
	case i.Class() == spec.ClassST, i.Class() == spec.ClassSTX && (!atomic || i.Imm == spec.AtomicStoreRel || i.Imm&spec.AtomicFetch == 0 && i.Imm != spec.AtomicLoadAcq):
		mem := now.Prog.World.Mem
		addr := b.Regs[i.Dst] + uint64(int64(i.Off))
		v, undef, _ := mem.Load(addr, 1)
		mem.Store(addr, 1, v^1, undef)
	case atomic && i.Class() == spec.ClassSTX && i.Imm == spec.AtomicCmpXchg:
		now.Regs[0] ^= 1
	case atomic && i.Class() == spec.ClassSTX && i.Imm != spec.AtomicLoadAcq:
		now.Regs[i.Src] ^= 1
	default:
		now.Regs[i.Dst] ^= 1
	}
}
