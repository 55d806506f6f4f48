package jit_test

import (
	"fmt"
	"testing"

	"github.com/lockstep-ebpf/lockstep/internal/onerow"
	"github.com/lockstep-ebpf/lockstep/vm"
)

// TestRowsAgree runs every row on random operands, in both modes, with fuel for
// everything and with fuel that ends anywhere.
func TestRowsAgree(t *testing.T) {
	rnd, p := random(t), newPair(t)
	rows, kinds := onerow.Rows(), map[string]int{}
	for _, row := range rows {
		for range 10 * *longFlag {
			c := onerow.Case(rnd, row)
			for _, c.Mode = range []vm.Mode{vm.Checked, vm.Trusted} {
				if c.Mode == vm.Trusted && !tame(c) {
					continue
				}
				c.Fuel = 0
				o := p.same(t, c)[0]
				kinds[fmt.Sprint(c.Mode, " ", o.Kind, " ", o.Fault.Kind)]++
				steps := o.Steps
				if c.Mode == vm.Trusted { // costs a reset of guest memory
					c.Fuel = 1 + rnd.Uint64N(steps)
					p.same(t, c)
					continue
				}
				for c.Fuel = 1; c.Fuel <= steps; c.Fuel++ {
					p.same(t, c)
				}
			}
			if t.Failed() {
				t.Fatalf("row %s", row.Name)
			}
		}
	}
	t.Logf("%d rows, outcomes %v", len(rows), kinds)
}

// tame reports whether the address of the case's access is the stack's: a trusted
// machine may do anything with another.
func tame(c *vm.Case) bool { return c.Name == "" }
