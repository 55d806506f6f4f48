package bench

import (
	"slices"

	"github.com/lockstep-ebpf/lockstep/fastvm"
	"github.com/lockstep-ebpf/lockstep/fuzz"
	"github.com/lockstep-ebpf/lockstep/fuzz/gen"
	"github.com/lockstep-ebpf/lockstep/fuzz/oracle"
	"github.com/lockstep-ebpf/lockstep/fuzz/tape"
	"github.com/lockstep-ebpf/lockstep/refvm"
	"github.com/lockstep-ebpf/lockstep/vm"
	"github.com/lockstep-ebpf/lockstep/vm/mem"
)

const (
	fuzzRounds   = 11
	fuzzPrograms = 8000 // a round: always the same ones
)

// FuzzRate is how many programs a core generates, runs on refvm and fastvm with
// one input each, and compares, a second: the median of some rounds. A core's
// second is one of the process's CPU time, garbage collection included. The
// programs are of the generator's default mix.
func FuzzRate() (float64, error) {
	var targets []vm.Target
	for _, e := range []vm.Engine{&refvm.Engine{}, fastvm.Engine{}} {
		m, err := mem.New()
		if err != nil {
			return 0, err
		}
		t := vm.NewTarget(e, m)
		defer t.Close()
		targets = append(targets, t)
	}
	o, g, src := oracle.New(targets), gen.New(gen.Options{Inputs: 1}), new(tape.Source)
	rates := make([]float64, fuzzRounds)
	for round := range rates {
		from := processTime()
		for n := range uint64(fuzzPrograms) {
			src.Seed(fuzz.Stream(1, n))
			o.Judge(g.Generate(src))
		}
		rates[round] = fuzzPrograms / (processTime() - from).Seconds()
	}
	slices.Sort(rates)
	return rates[len(rates)/2], nil
}
