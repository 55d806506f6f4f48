package kernelcmp

import (
	"math/rand/v2"
	"testing"

	"github.com/lockstep-ebpf/lockstep/spec"
	"github.com/lockstep-ebpf/lockstep/vm"
	"github.com/lockstep-ebpf/lockstep/vm/hook"
	"github.com/lockstep-ebpf/lockstep/vm/maps"
)

// straightLine are n arithmetic instructions on r0 and r2, and an exit.
func straightLine(r *rand.Rand, typ hook.Type, n int) *vm.Program {
	parts := []any{lddw(0, 0, r.Uint64()), mov(2, int32(r.Uint32()))}
	for range n - 4 {
		op := []uint8{spec.OpADD, spec.OpSUB, spec.OpMUL, spec.OpOR, spec.OpAND, spec.OpXOR}[r.IntN(6)]
		i := spec.Insn{Op: spec.ClassALU64 | op | spec.SrcX, Dst: 0, Src: 2}
		if r.IntN(2) == 0 {
			i = spec.Insn{Op: spec.ClassALU | op, Dst: 2, Imm: int32(r.Uint32())}
		}
		parts = append(parts, i)
	}
	return prog(typ, append(parts, exit)...)
}

// BenchmarkRunBatch loads programs of 30 slots and runs each on 4 inputs, journal
// included.
func BenchmarkRunBatch(b *testing.B) {
	array := arrayOf8
	hash := maps.Spec{Type: maps.Hash, KeySize: 4, ValueSize: 8, MaxEntries: 16}
	for _, x := range []struct {
		name string
		typ  hook.Type
		maps []*maps.Spec
	}{
		{"mem", hook.Unspec, nil},
		{"socket_filter", hook.SocketFilter, nil},
		{"sched_cls", hook.SchedCLS, nil},
		{"xdp", hook.XDP, nil},
		{"syscall", hook.Syscall, nil},
		{"socket_filter with array", hook.SocketFilter, []*maps.Spec{&array}},
		{"socket_filter with array and hash", hook.SocketFilter, []*maps.Spec{&array, &hash}},
	} {
		b.Run(x.name, func(b *testing.B) {
			k := kernel(b, Options{Journal: b.TempDir()})
			r := rand.New(rand.NewPCG(1, 2))
			in := vm.Input{Packet: make([]byte, 64), Memory: make([]byte, 64)}
			if x.typ == hook.Syscall {
				in.Context = make([]byte, 64)
			}
			var cs []*vm.Case
			for range batchSize {
				c := one(straightLine(r, x.typ, 30), in, in, in, in)
				c.Maps = x.maps
				cs = append(cs, c)
			}
			for n := 0; n < b.N; n += batchSize {
				for _, o := range k.RunBatch(cs[:min(batchSize, b.N-n)]) {
					if o[0].Kind != vm.Exit {
						b.Fatal(o[0].Reason)
					}
				}
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "programs/s")
		})
	}
}
