package state

import "slices"

// Checkpoint is a state that later ones at the same slot are compared with.
type Checkpoint struct {
	State
	// Branches is how many paths from here have not come to their end.
	Branches int
	// Loop is the checkpoint that a loop through here leads back to, if its end was found
	// by comparison. Until all paths from there are done, nobody knows what will be demanded
	// of numbers here.
	Loop         *Checkpoint
	isHead       bool // of such a loop
	Hits, Misses int

	read     []uint64 // by frame: slots that are read later on
	screened []uint64 // by frame: slots written in full since Parent
}

// Checkpoint puts the state aside. From here on the numbers in it are traced anew.
func (s *State) Checkpoint(live []uint16) *Checkpoint {
	cp := &Checkpoint{Branches: 1}
	for i, f := range s.Frames {
		for r := range f.Regs {
			if reg := &f.Regs[r]; reg.Kind == Scalar && live[i]>>r&1 != 0 {
				reg.Node = &Node{a: reg.Node}
			}
		}
		for n := range f.Stack {
			if slot := &f.Stack[n]; slot.Spill != nil && slot.Spill.Kind == Scalar {
				slot.Node = &Node{a: slot.Node}
			}
		}
		cp.screened = append(cp.screened, f.screened)
		f.screened = 0
	}
	cp.read = make([]uint64, len(s.Frames))
	cp.State = *s.Clone()
	s.Parent = cp
	return cp
}

// Open reports whether paths from here, or from where a loop through here leads back to,
// are still being followed: what matters of the state is not all known then.
func (cp *Checkpoint) Open() bool { return cp.head() != nil }

// head is the first open checkpoint on the way back through loops, or nil.
func (cp *Checkpoint) head() *Checkpoint {
	for ; cp != nil; cp = cp.Loop {
		if cp.Branches > 0 {
			return cp
		}
	}
	return nil
}

// Inherit is called when s ends at cp, which covers it: what matters after cp matters to
// s, and to where s came from. If cp is open, more will; then s has to be looked at again,
// see [State.InheritReads].
func (s *State) Inherit(cp *Checkpoint, live []uint16) {
	head := cp.head()
	open := head != nil
	for i, f := range cp.Frames {
		cur := s.Frames[i]
		for r := range f.Regs {
			if live[i]>>r&1 != 0 && f.Regs[r].Kind == Scalar && cur.Regs[r].Kind == Scalar {
				inherit(f.Regs[r].Node, cur.Regs[r].Node, open)
			}
		}
		for n := range f.Stack {
			if n >= len(cur.Stack) {
				break
			}
			old, now := &f.Stack[n], &cur.Stack[n]
			switch {
			case now.Spill == nil:
			case old.Spill != nil:
				inherit(old.Node, now.Node, open)
			case slices.Contains(old.Bytes[:], Zero): // the spilled 0 stands for bytes that are 0
				now.Node.Demand()
			}
		}
	}
	s.InheritReads(cp)
	if !open {
		return
	}
	head.isHead = true
	for p := s.Parent; p != nil && p != head; p = p.Parent {
		if old := p.Loop.head(); old == nil || old.older(head) {
			p.Loop = head
		}
	}
}

// InheritReads takes over what is read of the stack after cp, which covers s. It reports
// whether that is news to a checkpoint that s came from.
func (s *State) InheritReads(cp *Checkpoint) (news bool) {
	for i := range cp.Frames {
		if s.Reads(i, cp.read[i]) {
			news = true
		}
	}
	return news
}

// Reopen is for a path that goes on although it was taken to have ended: the checkpoints
// that it came from have one more path again.
func (s *State) Reopen() {
	for p := s.Parent; p != nil; p = p.Parent {
		if p.Branches++; p.Branches > 1 {
			return
		}
	}
}

// older reports whether head lies further back on the path than cp.
func (cp *Checkpoint) older(head *Checkpoint) bool {
	for p := cp.Parent; p != nil; p = p.Parent {
		if p == head {
			return true
		}
	}
	return false
}

func inherit(old, now *Node, open bool) {
	switch {
	case old.Demanded():
		now.Demand()
	case open:
		old.follows(now)
	}
}

// Done ends a path: all checkpoints back to one with other open paths are complete. It
// reports whether a loop led back to one of them.
func (s *State) Done() (loop bool) {
	for p := s.Parent; p != nil; p = p.Parent {
		if p.Branches--; p.Branches > 0 {
			break
		}
		loop = loop || p.isHead
	}
	return loop
}

// patience is how many rounds of a loop may differ in a number that decides something.
const patience = 10_000

// Widen forgets numbers that changed since the checkpoint, if nothing was decided by
// them: the rounds of a loop become alike. After many rounds it forgets the others too.
func (s *State) Widen(cp *Checkpoint) {
	all := s.Rounds > patience || s.Unrolls > patience
	for i, f := range s.Frames {
		if i >= len(cp.Frames) {
			return
		}
		old := cp.Frames[i]
		for r := range f.Regs {
			a, b := &old.Regs[r], &f.Regs[r]
			if a.Kind == Scalar && b.Kind == Scalar && changed(a, b, a.Node, b.Node, all) {
				*b = forget(a, b, b.Node)
			}
		}
		for n := range f.Stack {
			a, b := old.At(n), &f.Stack[n]
			if a.Width() == 8 && b.Width() == 8 && a.Spill.Kind == Scalar && b.Spill.Kind == Scalar && changed(a.Spill, b.Spill, a.Node, b.Node, all) {
				r := forget(a.Spill, b.Spill, nil)
				b.Spill = &r
			}
		}
	}
}

func changed(a, b *Reg, an, bn *Node, all bool) bool {
	return (all || !an.Demanded() && !bn.Demanded()) && (a.Num != b.Num || a.ID != b.ID || a.Delta != b.Delta)
}

// forget is b without what differs from a: the number, or what it is equal to.
func forget(a, b *Reg, n *Node) Reg {
	r := Unknown()
	if a.Num == b.Num {
		r.Num = b.Num
	}
	r.Node = n
	return r
}
