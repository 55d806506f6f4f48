package state

import (
	"testing"

	"github.com/lockstep-ebpf/lockstep/verifier/num"
)

// TestDemandReachesSources: what a number was made from is demanded with it, and nothing
// else is.
func TestDemandReachesSources(t *testing.T) {
	a, b, c := &Node{}, &Node{}, &Node{}
	sum := NewNode(a, b)
	later := &Node{a: sum}
	later.Demand()
	if !a.Demanded() || !b.Demanded() || c.Demanded() {
		t.Errorf("a %v, b %v, c %v", a.Demanded(), b.Demanded(), c.Demanded())
	}
	if NewNode(nil, a) != a || NewNode(a, nil) != a || NewNode(a, a) != a {
		t.Error("a constant is a source")
	}
	old, now := &Node{}, &Node{}
	old.follows(now)
	now.follows(old) // a cycle, as loops make them
	old.Demand()
	if !now.Demanded() {
		t.Error("what is demanded of the older state is not demanded of the newer")
	}
}

// TestCovers: an undemanded number covers any, a demanded one only what lies in it, and
// neither a pointer.
func TestCovers(t *testing.T) {
	old, live := New(), []uint16{1 << 6}
	old.Frame().Regs[6] = Number(num.W64.UnsignedRange(0, 9))
	cp := old.Checkpoint(live)
	cp.Branches = 0
	covers := func(r Reg) bool {
		s := New()
		s.Frame().Regs[6] = r
		return cp.Covers(s, live, AsNeeded)
	}
	wide, inside, pointer := Number(num.W64.UnsignedRange(0, 10)), Const(9), Reg{Kind: Ctx}
	if !covers(wide) || !covers(inside) || covers(pointer) {
		t.Errorf("undemanded: %v, %v, %v", covers(wide), covers(inside), covers(pointer))
	}
	cp.Frame().Regs[6].Node.Demand()
	if covers(wide) || !covers(inside) || covers(pointer) {
		t.Errorf("demanded: %v, %v, %v", covers(wide), covers(inside), covers(pointer))
	}
}

// TestReadsAreInherited: a read marks the slot back to where it was overwritten.
func TestReadsAreInherited(t *testing.T) {
	s := New()
	s.Frame().screened = 0
	first := s.Checkpoint([]uint16{0})
	s.Writes(0, 1)
	second := s.Checkpoint([]uint16{0})
	s.Reads(0, 1<<0|1<<1)
	if first.read[0] != 1<<0 || second.read[0] != 1<<0|1<<1 {
		t.Errorf("first %b, second %b", first.read[0], second.read[0])
	}
}
