package state

import "github.com/lockstep-ebpf/lockstep/internal/mutant"

// Precision is how closely two states are compared.
type Precision uint8

// Precisions.
const (
	AsNeeded Precision = iota // numbers on which nothing depended do not count
	InFull                    // every number that may be read must lie within the old one
	Equal                     // nothing has changed: a path that comes back to Equal never ends
)

// Covers reports whether all that s may be lies within the checkpoint. live has, for each
// frame, the registers that may still be read.
func (cp *Checkpoint) Covers(s *State, live []uint16, p Precision) bool {
	if len(cp.Frames) != len(s.Frames) || len(cp.Refs) != len(s.Refs) || cp.ReadLocks != s.ReadLocks {
		return false
	}
	m := matcher{precision: p, hidden: s.Hidden}
	if !m.lock(&cp.Lock, &s.Lock) {
		return false
	}
	for i, r := range cp.Refs {
		if !m.same(r.ID, s.Refs[i].ID) {
			return false
		}
	}
	for i, old := range cp.Frames {
		now := s.Frames[i]
		if old.Func != now.Func || old.Callback != now.Callback || i > 0 && old.CallSite != now.CallSite {
			return false
		}
		if old.Rounds > now.Rounds && !mutant.On(mutant.VerifierRoundsNotCompared) { // fewer calls were left then
			return false
		}
		for r := range old.Regs {
			if (live[i]>>r&1 != 0 || p == Equal) && !m.reg(&old.Regs[r], &now.Regs[r], old.Regs[r].Node) {
				return false
			}
		}
		read := cp.read[i]
		if p == Equal {
			read = ^uint64(0)
		}
		if mutant.On(mutant.VerifierStackNotCompared) {
			read = 0
		}
		if !m.objects(old, now) || !m.stack(old, now, read) {
			return false
		}
	}
	return true
}

// matcher compares, and keeps which identities of the old state are which of the new.
type matcher struct {
	precision Precision
	hidden    bool // see [hides]
	ids       []pair
	links     []link
}

type pair struct{ old, now uint32 }

type link struct {
	pair
	delta int32
}

// same matches identities of pointers and references, one to one.
func (m *matcher) same(old, now uint32) bool {
	if old == 0 || now == 0 {
		return old == now
	}
	for _, p := range m.ids {
		if p.old == old || p.now == now {
			return p.old == old && p.now == now
		}
	}
	m.ids = append(m.ids, pair{old, now})
	return true
}

// lock matches what is held.
func (m *matcher) lock(old, now *Lock) bool {
	if mutant.On(mutant.VerifierLockNotCompared) {
		return true
	}
	return old.Held == now.Held && old.Map == now.Map && m.same(old.ID, now.ID)
}

// linked matches identities of numbers: what is equal in the old state must be in the new
// one. The other way round, more is known than is needed.
func (m *matcher) linked(old, now *Reg) bool {
	if old.ID == 0 {
		return m.precision != Equal || now.ID == 0
	}
	l := link{pair{old.ID, now.ID}, now.Delta - old.Delta}
	for _, x := range m.links {
		if x.old == l.old {
			return x == l && now.ID != 0 || mutant.On(mutant.VerifierLinksNotCompared)
		}
	}
	m.links = append(m.links, l)
	return true
}

func (m *matcher) reg(old, now *Reg, node *Node) bool {
	if old.Kind == NotInit {
		return m.precision != Equal || now.Kind == NotInit
	}
	if old.Kind != now.Kind {
		return mutant.On(mutant.VerifierScalarIsPointer) && old.Kind == Scalar && now.IsPointer()
	}
	if old.Kind == Scalar {
		if m.precision == AsNeeded && (!node.Demanded() || mutant.On(mutant.VerifierNothingDemanded)) {
			return true
		}
		return m.within(old, now) && m.linked(old, now)
	}
	switch {
	case old.Null != now.Null, old.Ring != now.Ring, old.RO != now.RO, old.Inner != now.Inner, old.Frame != now.Frame,
		old.First != now.First, old.Off != now.Off, old.Map != now.Map, old.Size != now.Size, old.Type != now.Type, old.Trust != now.Trust, old.Done != now.Done:
		return false
	case m.precision == Equal && old.Range != now.Range, old.Range > now.Range && !mutant.On(mutant.VerifierRangeNotCompared):
		return false
	}
	return m.within(old, now) && m.same(old.ID, now.ID) && m.same(old.Ref, now.Ref) && m.same(old.UID, now.UID) && m.same(old.Dyn, now.Dyn)
}

func (m *matcher) within(old, now *Reg) bool {
	if m.precision == Equal {
		return old.Num == now.Num
	}
	return old.Num.Subsumes(now.Num)
}

func (m *matcher) stack(old, now *Frame, read uint64) bool {
	n := len(old.Stack)
	if m.precision == Equal {
		n = max(n, len(now.Stack))
	}
	for i := range n {
		if read>>i&1 == 0 {
			continue
		}
		a, b := old.At(i), now.At(i)
		if !m.slot(&a, &b) {
			return false
		}
	}
	return true
}

// objects compares slots that hold objects, read or not: to write over one is not for free.
func (m *matcher) objects(old, now *Frame) bool {
	if old.Objects != now.Objects {
		return false
	}
	for i := range old.Stack {
		if old.Objects>>i&1 != 0 && !m.object(&old.Stack[i], &now.Stack[i]) {
			return false
		}
	}
	return true
}

func (m *matcher) object(old, now *Slot) bool {
	return old.Bytes == now.Bytes && m.reg(old.Spill, now.Spill, nil)
}

// slot compares eight bytes of stack.
func (m *matcher) slot(old, now *Slot) bool {
	if old.Bytes[0] == Object || now.Bytes[0] == Object {
		return m.object(old, now)
	}
	if m.hidden && hides(old, now) {
		return false
	}
	w := old.Width()
	if m.precision == Equal && (old.Bytes != now.Bytes || w != now.Width()) {
		return false
	}
	switch {
	case w == 8 && old.Spill.Kind == Scalar:
		value, ok := now.Value()
		return ok && m.reg(old.Spill, &value, old.Node)
	case w == 8 || w > 0 && now.Width() == w:
		return now.Width() == w && m.reg(old.Spill, now.Spill, old.Node) && m.bytes(old, now, w)
	}
	return m.bytes(old, now, 0)
}

// bytes compares what lies behind the first w bytes. A byte that may be anything covers
// all, and so does one that was never written: reading it gives something unknown.
func (m *matcher) bytes(old, now *Slot, w int) bool {
	zero := false
	if v, ok := now.Value(); ok {
		zero = v.IsZero()
	}
	for i := w; i < 8; i++ {
		switch {
		case old.Bytes[i] == Spilled:
			return false
		case old.Bytes[i] == Zero && now.Bytes[i] != Zero && !zero:
			return false
		}
	}
	return true
}
