package reduce_test

import (
	"math/rand/v2"
	"testing"

	"github.com/lockstep-ebpf/lockstep/fuzz/internal/planted"
	"github.com/lockstep-ebpf/lockstep/fuzz/oracle"
	"github.com/lockstep-ebpf/lockstep/fuzz/reduce"
	"github.com/lockstep-ebpf/lockstep/refvm"
	"github.com/lockstep-ebpf/lockstep/reports"
	"github.com/lockstep-ebpf/lockstep/spec"
	"github.com/lockstep-ebpf/lockstep/vm"
)

// mistakes are bugs of engines, with what reduction must make of them.
type mistake struct {
	name      string
	signature string
	insns     int // at most
	wrong     planted.Mistake
}

var mistakes = []mistake{
	{"mod32-zero-keeps-upper", "refvm-wrong-register-mod32.x", 5, func(b, now *refvm.State) {
		i := b.Insn()
		if spec.Lookup(i).Name == "mod32.x" && uint32(b.Regs[i.Src]) == 0 {
			now.Regs[i.Dst] = b.Regs[i.Dst]
		}
	}},
	{"arsh-by-zero-is-one", "refvm-wrong-register-arsh64.x", 5, func(b, now *refvm.State) {
		i := b.Insn()
		if spec.Lookup(i).Name == "arsh64.x" && b.Regs[i.Src]&63 == 0 {
			now.Regs[i.Dst] ^= 1
		}
	}},
	{"jsgt-zero-extended", "refvm-wrong-control-jsgt64.k", 6, func(b, now *refvm.State) {
		i := b.Insn()
		if spec.Lookup(i).Name == "jsgt64.k" {
			now.PC = b.PC + 1
			if int64(b.Regs[i.Dst]) > int64(uint32(i.Imm)) {
				now.PC += int(i.Off)
			}
		}
	}},
	{"third-store-lost", "refvm-wrong-memory-stxdw", 8, func(b, now *refvm.State) {
		i := b.Insn()
		if i.Op == spec.STXDW && i.Off == -24 {
			now.Prog.World.Mem.Store(b.Regs[10]-24, 8, b.Regs[i.Src]+1, false)
		}
	}},
	{"r7-lost-after-xor", "refvm-wrong-register-xor64.x", 8, func(b, now *refvm.State) {
		if b.Insn().Op == spec.ClassALU64|spec.OpXOR|spec.SrcX {
			now.Regs[7] |= 1 << 40
		}
	}},
}

func TestMistakesAreReduced(t *testing.T) {
	for _, m := range mistakes {
		t.Run(m.name, func(t *testing.T) {
			check(t, &m, planted.Targets(t, planted.Engine("wrong", m.wrong)))
		})
	}
}

// TestMistakesOfTargetsThatCannotBeStepped has the same mistakes in a target that
// shows r0 at the end and nothing else, as a kernel.
func TestMistakesOfTargetsThatCannotBeStepped(t *testing.T) {
	for _, m := range mistakes {
		t.Run(m.name, func(t *testing.T) {
			targets := planted.Targets(t, planted.Engine("wrong", m.wrong))
			targets[1] = planted.Opaque(targets[1])
			check(t, &m, targets)
		})
	}
}

func check(t *testing.T, m *mistake, targets []vm.Target) {
	f, tried := hunt(t, targets)
	t.Logf("%d programs; %s, %d of %d insns: %v", tried, f.Signature, f.Insns, f.Original, f.Difference)
	for pc, i := range f.Case.Programs[0].Insns {
		t.Logf("%d: %v", pc, i)
	}
	if f.Signature.String() != m.signature {
		t.Errorf("signature %s, want %s", f.Signature, m.signature)
	}
	if f.Insns > m.insns {
		t.Errorf("%d instructions, want at most %d", f.Insns, m.insns)
	}
	if f.Place == nil || spec.Lookup(f.Case.Programs[0].Insns[f.Place.PC]).Name != f.Signature.Insn {
		t.Errorf("the place %v is not the instruction %s", f.Place, f.Signature.Insn)
	}
}

// hunt runs random cases until one diverges, and reduces that.
func hunt(t *testing.T, targets []vm.Target) (*reports.Finding, int) {
	t.Helper()
	o, r := reducer(t, targets)
	rng := rand.New(rand.NewPCG(1, 2))
	for n := 1; n < 20000; n++ {
		c := planted.Case(rng)
		for _, m := range o.Judge(c) {
			f := r.Shrink(r.Identify(c, m))
			f.Original = reports.CountInsns(c)
			return f, n
		}
	}
	t.Fatal("nothing found")
	return nil, 0
}

func reducer(t *testing.T, targets []vm.Target) (*oracle.Oracle, *reduce.Reducer) {
	t.Helper()
	ref, err := oracle.NewReference()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ref.Close() })
	o := oracle.New(targets)
	return o, &reduce.Reducer{Oracle: o, Reference: ref}
}
