package fuzz_test

import (
	"testing"

	"github.com/lockstep-ebpf/lockstep/fastvm"
	"github.com/lockstep-ebpf/lockstep/fuzz"
	"github.com/lockstep-ebpf/lockstep/fuzz/gen"
	"github.com/lockstep-ebpf/lockstep/fuzz/oracle"
	"github.com/lockstep-ebpf/lockstep/fuzz/tape"
	"github.com/lockstep-ebpf/lockstep/refvm"
	"github.com/lockstep-ebpf/lockstep/vm"
	"github.com/lockstep-ebpf/lockstep/vm/mem"
)

func BenchmarkSpeed(b *testing.B) {
	var ts []vm.Target
	for _, e := range []vm.Engine{&refvm.Engine{}, fastvm.Engine{}} {
		m, err := mem.New()
		if err != nil {
			b.Fatal(err)
		}
		ts = append(ts, vm.NewTarget(e, m))
	}
	o := oracle.New(ts)
	var src tape.Source
	g := gen.New(gen.Options{Mix: gen.Mixes[0], Inputs: 1})
	b.Run("generate", func(b *testing.B) {
		n := uint64(0)
		for b.Loop() {
			src.Seed(fuzz.Stream(1, n))
			g.Generate(&src)
			n++
		}
	})
	b.Run("all", func(b *testing.B) {
		n, steps, ins, inputs := uint64(0), uint64(0), 0, 0
		for b.Loop() {
			src.Seed(fuzz.Stream(1, n))
			c := g.Generate(&src)
			n++
			outs := o.Run(c)
			o.Compare(c, outs)
			steps += outs[0][0].Steps
			inputs += len(c.Inputs)
			ins += len(c.Programs[0].Insns)
		}
		b.ReportMetric(float64(steps)/float64(n), "steps")
		b.ReportMetric(float64(ins)/float64(n), "insns")
		b.ReportMetric(float64(inputs)/float64(n), "inputs")
	})
}
