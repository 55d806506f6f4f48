package refvm

import (
	"testing"

	"github.com/lockstep-ebpf/lockstep/spec"
	"github.com/lockstep-ebpf/lockstep/vm"
	"github.com/lockstep-ebpf/lockstep/vm/mem"
)

// BenchmarkLoop runs a loop of loads, stores and arithmetic; a step is an
// instruction.
func BenchmarkLoop(b *testing.B) {
	c := &vm.Case{Inputs: []vm.Input{{}}, Fuel: 1 << 30, Programs: []*vm.Program{prog(
		movi(0, 0), movi(1, 2000),
		spec.Insn{Op: spec.STXDW, Dst: 10, Src: 0, Off: -8},
		spec.Insn{Op: alu6 | spec.OpADD | x, Dst: 0, Src: 1},
		spec.Insn{Op: alu6 | spec.OpXOR, Dst: 0, Imm: 0x55},
		spec.Insn{Op: spec.LDXDW, Dst: 2, Src: 10, Off: -8},
		spec.Insn{Op: alu | spec.OpMUL | x, Dst: 0, Src: 2},
		spec.Insn{Op: alu6 | spec.OpSUB, Dst: 1, Imm: 1},
		spec.Insn{Op: spec.ClassJMP | spec.OpJNE, Dst: 1, Off: -7},
		exit)}}
	for _, form := range []struct {
		name string
		walk bool
	}{{"generated", false}, {"trees", true}} {
		b.Run(form.name, func(b *testing.B) {
			m, err := mem.New()
			if err != nil {
				b.Fatal(err)
			}
			t := vm.NewTarget(&Engine{Walk: form.walk}, m)
			defer t.Close()
			var steps uint64
			for b.Loop() {
				steps += t.Run(c)[0].Steps
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(steps), "ns/insn")
		})
	}
}
