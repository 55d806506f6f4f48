package reduce_test

import (
	"math/rand/v2"
	"testing"

	"github.com/lockstep-ebpf/lockstep/fuzz/internal/planted"
	"github.com/lockstep-ebpf/lockstep/reports"
	"github.com/lockstep-ebpf/lockstep/spec"
	"github.com/lockstep-ebpf/lockstep/vm"
)

// TestFaultsAreReduced puts a wild access into the midst of a random program, and
// has an engine that gets the fault wrong.
func TestFaultsAreReduced(t *testing.T) {
	const stxw = spec.ClassSTX | spec.ModeMEM | spec.SizeW
	const xadd = spec.ClassSTX | spec.ModeATOMIC | spec.SizeW
	for _, x := range []struct {
		name      string
		wild      spec.Insn
		addr      uint64
		wrong     func(f *vm.Fault, i spec.Insn)
		signature string
	}{
		{
			"address",
			spec.Insn{Op: stxw, Dst: 4, Src: 3, Off: 12},
			0x1234_5678_9abc,
			func(f *vm.Fault, i spec.Insn) { f.Addr -= uint64(i.Off) }, "refvm-wrong-fault-stxw",
		},
		{
			"kind",
			spec.Insn{Op: xadd, Dst: 4, Src: 3},
			0x1000_0201,
			func(f *vm.Fault, i spec.Insn) {
				if f.Kind == vm.FaultAlign {
					f.Kind = vm.FaultWrite
				}
			}, "refvm-wrong-fault-atomic_add32",
		},
	} {
		t.Run(x.name, func(t *testing.T) {
			o, r := reducer(t, planted.Targets(t, planted.FaultEngine("wrong", x.wrong)))
			c := planted.Case(rand.New(rand.NewPCG(7, 8)))
			p := c.Programs[0]
			wild := []spec.Insn{
				{Op: spec.MOV, Dst: 3, Imm: 1},
				{Op: spec.LDDW, Dst: 4, Imm: int32(uint32(x.addr))},
				{Imm: int32(x.addr >> 32)},
				x.wild,
			}
			end := len(p.Insns) - 20 // no branch goes beyond
			p.Insns = append(p.Insns[:end:end], append(wild, p.Insns[end:]...)...)
			m := o.Judge(c)
			if len(m) != 1 || m[0].Kind != reports.Fault {
				t.Fatalf("mismatches %+v", m)
			}
			f := r.Shrink(r.Identify(c, m[0]))
			t.Log(reports.Render(f))
			if f.Signature.String() != x.signature || f.Kind != reports.Fault || f.Insns > 4 {
				t.Errorf("%s, %s, %d instructions; want %s", f.Signature, f.Kind, f.Insns, x.signature)
			}
		})
	}
}
