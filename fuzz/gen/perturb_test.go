package gen_test

import (
	"testing"

	"github.com/lockstep-ebpf/lockstep/fastvm"
	"github.com/lockstep-ebpf/lockstep/fuzz/gen"
	"github.com/lockstep-ebpf/lockstep/fuzz/tape"
	"github.com/lockstep-ebpf/lockstep/refvm"
	"github.com/lockstep-ebpf/lockstep/vm"
)

// TestBrokenProgramsFaultAlike: broken programs keep their shape, reach every kind
// of fault, and fault alike in both engines.
func TestBrokenProgramsFaultAlike(t *testing.T) {
	ref, fast := target(t, &refvm.Engine{}), target(t, fastvm.Engine{})
	t.Logf("seed %d", *firstSeed)
	kinds := map[vm.Kind]int{}
	faults := map[vm.FaultKind]int{}
	inputs, tainted := 0, 0
	for _, mix := range gen.Mixes {
		if *onlyMix != "" && mix.Name != *onlyMix {
			continue
		}
		g := gen.New(gen.Options{Mix: mix, Inputs: 2})
		var src tape.Source
		bad := 0
		for seed := *firstSeed; seed < *firstSeed+uint64(*brokenN) && bad < 5; seed++ {
			src.Seed(seed)
			c := g.Perturb(&src)
			for i, p := range c.Programs {
				if _, err := vm.Check(p); err != nil {
					t.Fatalf("mix %s, seed %d, program %d: %v", mix.Name, seed, i, err)
				}
			}
			a, b := ref.Run(c), fast.Run(c)
			for i := range a {
				inputs++
				kinds[a[i].Kind]++
				faults[a[i].Fault.Kind]++
				if a[i].Tainted {
					tainted++
				}
				if d, same := vm.Compare(&a[i], &b[i], vm.ObsAll); !same {
					t.Errorf("mix %s, seed %d, input %d: refvm and fastvm: %s", mix.Name, seed, i, d)
					bad++
					break
				}
			}
		}
	}
	t.Logf("%d inputs: %v, faults %v, %d not comparable", inputs, kinds, faults, tainted)
	for _, k := range []vm.FaultKind{vm.FaultAlign, vm.FaultRead, vm.FaultWrite, vm.FaultHelper, vm.FaultDepth} {
		if *onlyMix == "" && faults[k] == 0 {
			t.Errorf("no %s fault", k)
		}
	}
}
