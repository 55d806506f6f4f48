package refvm

import (
	"testing"

	"github.com/lockstep-ebpf/lockstep/spec"
	"github.com/lockstep-ebpf/lockstep/vm"
	"github.com/lockstep-ebpf/lockstep/vm/hook"
	"github.com/lockstep-ebpf/lockstep/vm/maps"
	"github.com/lockstep-ebpf/lockstep/vm/mem"
)

func BenchmarkOverhead(b *testing.B) {
	var parts []any
	for range 25 {
		parts = append(parts, movi(0, 0), spec.Insn{Op: alu6 | spec.OpADD | x, Dst: 0, Src: 0})
	}
	parts = append(parts, exit)
	c := &vm.Case{Inputs: []vm.Input{{Packet: make([]byte, 64)}}, Programs: []*vm.Program{prog(parts...)}}
	c.Programs[0].Type = hook.XDP
	withMaps := *c
	withMaps.Maps = []*maps.Spec{
		{Name: "a", Type: maps.Array, KeySize: 4, ValueSize: 8, MaxEntries: 4},
		{Name: "h", Type: maps.Hash, KeySize: 4, ValueSize: 8, MaxEntries: 4},
	}
	for _, tt := range []struct {
		name string
		c    *vm.Case
	}{{"plain", c}, {"maps", &withMaps}} {
		b.Run(tt.name, func(b *testing.B) {
			m, _ := mem.New()
			t := vm.NewTarget(&Engine{}, m)
			b.ReportAllocs()
			for b.Loop() {
				if o := t.Run(tt.c); o[0].Kind != vm.Exit {
					b.Fatal(o[0].Reason)
				}
			}
		})
	}
}
