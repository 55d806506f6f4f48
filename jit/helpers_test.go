package jit_test

import (
	"flag"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/lockstep-ebpf/lockstep/jit"
	"github.com/lockstep-ebpf/lockstep/refvm"
	"github.com/lockstep-ebpf/lockstep/vm"
	"github.com/lockstep-ebpf/lockstep/vm/mem"
)

var (
	seed     = flag.Uint64("seed", uint64(time.Now().UnixNano()), "of the random tests")
	longFlag = flag.Int("long", 1, "how many times as long the random tests run")
)

func random(t *testing.T) *rand.Rand {
	t.Logf("-seed %d", *seed)
	return rand.New(rand.NewPCG(*seed, 0))
}

// target makes a target of an engine, with memory of its own.
func target(t testing.TB, e vm.Engine) *vm.EngineTarget {
	t.Helper()
	m, err := mem.NewWindow()
	if err != nil {
		t.Skip("no window of guest memory: ", err)
	}
	if err := (jit.Engine{}).Supports(&vm.Program{}); err != nil {
		t.Skip(err)
	}
	x := vm.NewTarget(e, m)
	t.Cleanup(func() { x.Close() })
	return x
}

// pair is the JIT and what it has to agree with.
type pair struct{ ref, jit, fast *vm.EngineTarget }

func newPair(t testing.TB) pair {
	p := pair{target(t, &refvm.Engine{}), target(t, jit.Engine{}), target(t, jit.Engine{})}
	p.fast.Machine().ExactFuel = false
	return p
}

// same runs a case on both, and with fast fuel too if the case has plenty, and reports the reference's outcomes.
func (p pair) same(t testing.TB, c *vm.Case) []vm.Outcome {
	t.Helper()
	want, got := p.ref.Run(c), p.jit.Run(c)
	for i := range want {
		if d, ok := vm.Compare(&want[i], &got[i], vm.ObsAll); !ok {
			t.Errorf("%s, mode %v, fuel %d, input %d: %v\nrefvm %+v\njit   %+v\n%v", c.Name, c.Mode, c.Fuel, i, d, want[i].Result, got[i].Result, c.Programs[0].Insns)
		}
	}
	if c.Fuel != 0 {
		return want
	}
	for i, got := range p.fast.Run(c) {
		if want[i].Kind == vm.FuelSpent || got.Kind == vm.FuelSpent { // fast fuel ends sooner where rounds are cut short
			continue
		}
		if d, ok := vm.Compare(&want[i], &got, vm.ObsAll&^vm.ObsSteps); !ok {
			t.Errorf("%s, mode %v, fast, input %d: %v\nrefvm %+v\njit   %+v\n%v", c.Name, c.Mode, i, d, want[i].Result, got.Result, c.Programs[0].Insns)
		}
	}
	return want
}
