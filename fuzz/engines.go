package fuzz

import (
	"github.com/lockstep-ebpf/lockstep/fuzz/gen"
	"github.com/lockstep-ebpf/lockstep/fuzz/tape"
	"github.com/lockstep-ebpf/lockstep/vm"
)

// ForEngines makes generators of cases for targets that are all engines of this
// project. These check accesses, so that programs may be broken on purpose; and they
// have other modes, in which they make other code of a program. Of 16 programs
//
//	4  are broken: do all say so, and where?
//	1  is trusted: no checks
//	1  is trusted, with fuel charged in bulk, as a host would run it
//	1  is checked, with fuel charged in bulk
func ForEngines(o gen.Options) func() Generator {
	o.Inputs = 1 // loading is cheap here: another program shows more than another input
	return func() Generator {
		g, src := gen.New(o), new(tape.Source)
		return func(stream uint64) *vm.Case {
			src.Seed(stream)
			kind := stream % 16
			if kind < 4 {
				return g.Perturb(src)
			}
			c := g.Generate(src)
			if kind == 4 || kind == 5 {
				c.Mode = vm.Trusted
			}
			c.FastFuel = kind == 5 || kind == 6
			return c
		}
	}
}
