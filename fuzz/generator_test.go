package fuzz_test

import (
	"github.com/lockstep-ebpf/lockstep/fuzz"
	"github.com/lockstep-ebpf/lockstep/fuzz/gen"
	"github.com/lockstep-ebpf/lockstep/fuzz/tape"
	"github.com/lockstep-ebpf/lockstep/vm"
)

// generator makes whole programs: everything the generator can.
func generator() fuzz.Generator {
	g, src := gen.New(gen.Options{}), new(tape.Source)
	return func(stream uint64) *vm.Case {
		src.Seed(stream)
		return g.Generate(src)
	}
}
