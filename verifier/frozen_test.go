package verifier_test

import (
	"math/rand/v2"
	"testing"

	"github.com/lockstep-ebpf/lockstep/spec"
	"github.com/lockstep-ebpf/lockstep/verifier"
	"github.com/lockstep-ebpf/lockstep/verifier/state"
	"github.com/lockstep-ebpf/lockstep/vm"
	"github.com/lockstep-ebpf/lockstep/vm/hook"
	"github.com/lockstep-ebpf/lockstep/vm/maps"
)

// TestFrozenLoads loads from a frozen map in every size, signed and not, in both byte
// orders: the verifier knows the result, and a run finds the same.
func TestFrozenLoads(t *testing.T) {
	t.Logf("seed %d", *firstSeed)
	r := rand.New(rand.NewPCG(*firstSeed, 3))
	x := watch(t)
	sizes := []uint8{spec.SizeB, spec.SizeH, spec.SizeW, spec.SizeDW}
	for range 300 {
		size := sizes[r.IntN(4)]
		load := spec.Insn{Op: spec.ClassLDX | spec.ModeMEM | size, Src: 1}
		if size != spec.SizeDW && r.IntN(2) == 0 {
			load.Op = spec.ClassLDX | spec.ModeMEMSX | size
		}
		load.Off = int16(r.IntN(16/load.Bytes()) * load.Bytes())
		value := make([]byte, 16)
		for i := range value[:r.IntN(17)] {
			value[i] = byte(r.Uint32())
		}
		c := &vm.Case{
			Programs: []*vm.Program{{Type: hook.SocketFilter, Order: spec.ByteOrder(r.IntN(2)), Insns: []spec.Insn{
				{Op: spec.LDDW, Dst: 1, Src: spec.LDDWMapValue}, {}, load, {Op: spec.EXIT},
			}}},
			Maps:   []*maps.Spec{{Type: maps.Array, KeySize: 4, ValueSize: 16, MaxEntries: 1, Flags: maps.ReadOnly, Frozen: true}},
			Inputs: []vm.Input{{}},
		}
		c.Maps[0].Entries = []maps.Entry{{Key: make([]byte, 4), Value: value}}
		if r.IntN(8) == 0 {
			c.Maps[0].Entries = nil // zeros
		}
		var r0 state.Reg
		res := verifier.Verify(c, verifier.Options{Observe: func(_ int, s *state.State) { r0 = s.Frame().Regs[0] }})
		want, known := r0.Const()
		if res.Verdict != verifier.Accepted || !known {
			t.Fatalf("%v of %x: %s, r0 = %s", load, value, res.Verdict, &r0)
		}
		if o := x.Run(c)[0]; o.Kind != vm.Exit || o.R0 != want {
			t.Errorf("%v of %x, order %v: a run gives %s %#x, the verifier %#x", load, value, c.Programs[0].Order, o.Kind, o.R0, want)
		}
	}
}
