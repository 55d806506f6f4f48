package transfer

import (
	"strings"

	"github.com/lockstep-ebpf/lockstep/verifier/btf"
	"github.com/lockstep-ebpf/lockstep/verifier/release"
	"github.com/lockstep-ebpf/lockstep/verifier/state"
)

const iterPrefix = "bpf_iter_"

// iterAt is where an iterator lies: the slot with its lowest address, and how many there are.
type iterAt struct{ frame, slot, slots int }

// iterArgument is Linux's process_iter_arg.
func (m *Machine) iterArgument(s *state.State, c *kcalled, reg uint8, r *state.Reg, t *btf.Type) *Failure {
	name := "iter_" + strings.TrimPrefix(t.Name, iterPrefix)
	if r.Kind != state.Stack {
		return failReg("iterator", reg, r, "the address of an iterator on the stack", "arg#%d expected pointer to an iterator on stack", reg-1)
	}
	at := &iterAt{frame: int(r.Frame), slots: int(t.Size / 8)}
	v, fixed := r.Num.Const()
	off := int(r.Off) + int(int64(v))
	place := ""
	switch {
	case !fixed:
		place = "iter has to be at a constant offset\n"
	case off%8 != 0 || off > -8*at.slots || off < -state.FrameSize:
		place = "cannot pass in iter at an offset=" + itoa(off) + "\n"
	}
	at.slot, _ = cell(off)
	if c.Has(release.KfIterNew) {
		return m.newIter(s, c, reg, r, t, at, name, place)
	}
	var it *state.Reg
	if place == "" {
		it = s.Frames[at.frame].IterAt(at.slot, at.slots, t.ID)
	}
	switch {
	case it == nil:
		return failReg("iterator", reg, r, "an iterator that was made", "%sexpected an initialized %s as arg #%d", place, name, reg-1)
	case it.Trust&state.Untrusted != 0:
		return failReg("iterator", reg, r, "the read lock of RCU's", "expected an RCU CS when using %s", c.name)
	}
	for i := range at.slots {
		s.Reads(at.frame, 1<<(at.slot-i))
	}
	c.iter, c.ref = at, it.Ref
	return nil
}

// newIter makes an iterator of slots that are none yet.
func (m *Machine) newIter(s *state.State, c *kcalled, reg uint8, r *state.Reg, t *btf.Type, at *iterAt, name, place string) *Failure {
	bad := place != ""
	for i := 0; !bad && i < at.slots; i++ {
		slot := s.Frames[at.frame].At(at.slot - i)
		bad = slot.Bytes[0] == state.Object
	}
	if bad {
		return failReg("iterator", reg, r, "stack that holds no iterator", "%sexpected uninitialized %s as arg #%d", place, name, reg-1)
	}
	if _, f := m.stackSpan(s, r, reg, 0, 8*at.slots, " write to"); f != nil {
		return f
	}
	it := state.Reg{Kind: state.Iter, Type: t.ID, Ref: m.id()}
	if c.Has(release.KfRCUProtected) {
		if it.Trust = state.RCU; m.sleeps() && s.ReadLocks == 0 {
			it.Trust = state.Untrusted
		}
	}
	s.Refs = append(s.Refs, state.Ref{ID: it.Ref, Insn: s.PC})
	s.Frames[at.frame].PutIter(at.slot, at.slots, it)
	for i := range at.slots {
		s.Writes(at.frame, at.slot-i)
	}
	return nil
}

// endIter makes bytes of an iterator's slots.
func (m *Machine) endIter(s *state.State, at *iterAt) {
	f := s.Frames[at.frame]
	ref := f.Stack[at.slot].Spill.Ref
	for i := range at.slots {
		f.Stack[at.slot-i] = state.Slot{}
		s.Writes(at.frame, at.slot-i)
	}
	m.release(s, ref)
}

// iterate goes on both ways: the iterator has something more to give, or not. The way with
// something is the fork, for another round, in which numbers that nothing depends on are
// forgotten if they changed (Linux's process_iter_next_call). r0 has been set.
func (m *Machine) iterate(s *state.State, at *iterAt) (round *state.State) {
	if !s.Frames[at.frame].Stack[at.slot].Spill.Done {
		round = s.Clone()
		if r0 := round.Reg(0); r0.Null {
			r0.Null, r0.ID = false, 0
		}
		round.Rounds++
		for cp := s.Parent; cp != nil; cp = cp.Parent {
			if cp.PC == s.PC && len(cp.Frames) == len(s.Frames) && cp != s.Parent {
				round.Widen(cp)
				break
			}
		}
		round.Go(s.PC + 1)
	}
	s.Frames[at.frame].SetIter(at.slot, func(it *state.Reg) { it.Done = true })
	*s.Reg(0) = state.Const(0)
	s.Go(s.PC + 1)
	return round
}
