package fuzz

import (
	"math/bits"

	"github.com/lockstep-ebpf/lockstep/fuzz/oracle"
	"github.com/lockstep-ebpf/lockstep/refvm"
	"github.com/lockstep-ebpf/lockstep/spec"
	"github.com/lockstep-ebpf/lockstep/vm"
)

// Coverage is what a campaign executed: forms (rows of the table), and cells, a
// form with the classes of its operands and the way it branched. It is a set.
//
// Acceptance without diversity says nothing, so both are reported side by side.
type Coverage struct {
	cells []uint64
}

// Classes of a 64-bit operand.
const (
	zero = iota
	one
	small    // 2 to 127
	minusOne // all ones
	negative // other sign-extended 32-bit numbers below zero
	low      // other numbers of 31 bits
	top      // bit 31 set, upper half zero
	wide     // anything else
	classes
)

const cellsPerForm = classes * classes * 2

func class(v uint64) uint {
	switch {
	case v == 0:
		return zero
	case v == 1:
		return one
	case v < 128:
		return small
	case v == ^uint64(0):
		return minusOne
	case v < 1<<31:
		return low
	case v < 1<<32:
		return top
	case int64(v) >= -1<<31 && int64(v) < 0:
		return negative
	}
	return wide
}

// NewCoverage is the empty set.
func NewCoverage() *Coverage {
	return &Coverage{make([]uint64, (len(spec.Table)*cellsPerForm+63)/64)}
}

// step adds one instruction with the state that it ran in.
func (c *Coverage) step(i spec.Insn, regs *[11]uint64, taken bool) {
	row := spec.Lookup(i)
	if row == nil {
		return
	}
	y := uint64(int64(i.Imm))
	if row.Src.IsRegister() {
		y = regs[i.Src]
	}
	x := uint64(0)
	if row.Dst.IsRegister() {
		x = regs[i.Dst]
	}
	cell := uint(row.ID)*cellsPerForm + (class(x)*classes+class(y))*2
	if taken {
		cell++
	}
	c.cells[cell/64] |= 1 << (cell % 64)
}

// Watch adds what the reference VM executes of the first input of a case.
func (c *Coverage) Watch(r *oracle.Reference, k *vm.Case) {
	if len(k.Inputs) == 0 {
		return
	}
	var last refvm.State
	begun := false
	r.Watch(k, 0, ^uint64(0), func(s *refvm.State) {
		if begun {
			c.step(last.Insn(), &last.Regs, s.PC != last.PC+1)
		}
		last, begun = *s, true
	})
	if begun {
		c.step(last.Insn(), &last.Regs, false)
	}
}

// Add joins another set.
func (c *Coverage) Add(d *Coverage) {
	for i, w := range d.cells {
		c.cells[i] |= w
	}
}

// Cells is the size of the set.
func (c *Coverage) Cells() (n int) {
	for _, w := range c.cells {
		n += bits.OnesCount64(w)
	}
	return n
}

// Forms lists the rows that were executed.
func (c *Coverage) Forms() (rows []*spec.Row) {
	for i := range spec.Table {
		for _, w := range c.cells[i*cellsPerForm/64 : (i+1)*cellsPerForm/64] {
			if w != 0 {
				rows = append(rows, &spec.Table[i])
				break
			}
		}
	}
	return rows
}
