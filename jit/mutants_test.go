//go:build mutants

package jit_test

import (
	"runtime"
	"testing"

	"github.com/lockstep-ebpf/lockstep/internal/mutant"
	"github.com/lockstep-ebpf/lockstep/internal/onerow"
	"github.com/lockstep-ebpf/lockstep/vm"
)

// TestMutantsAreKilled switches every planted bug of this package on and looks
// whether the comparisons of the other tests see it. (Package fuzz hunts them with
// generated programs.)
func TestMutantsAreKilled(t *testing.T) {
	rnd, p, rows := random(t), newPair(t), sequenceRows()
	differs := func(c *vm.Case) bool {
		want, got := p.ref.Run(c), p.jit.Run(c)
		_, same := vm.Compare(&want[0], &got[0], vm.ObsAll)
		return !same
	}
	loops := func() bool {
		body, state := loopBody(rnd), rnd.Uint64()
		for rounds := int32(2); rounds < 6; rounds++ {
			c := unrolled(body, state, rounds)
			want, got := p.ref.Run(c), p.fast.Run(c)
			if _, same := vm.Compare(&want[0], &got[0], vm.ObsAll&^vm.ObsSteps); !same {
				return true
			}
		}
		return p.countsRounds(body, state) != nil
	}
	killed := func() bool {
		for _, tt := range programs {
			if differs(caseOf(t, tt.text)) {
				return true
			}
		}
		for range 400 {
			c := sequence(rnd, rows)
			c.Fuel = 1000
			if differs(c) || loops() {
				return true
			}
			for _, row := range onerow.Rows() {
				if differs(onerow.Case(rnd, row)) {
					return true
				}
			}
		}
		return false
	}
	for _, m := range mutant.All {
		if m.Where != "jit" && m.Where != "jit/"+runtime.GOARCH {
			continue
		}
		mutant.Enable(m.ID)
		if !killed() {
			t.Errorf("%s: %s: nobody noticed", m.Name, m.What)
		}
		mutant.Enable(mutant.None)
	}
}
