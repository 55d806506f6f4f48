package transfer

import (
	"github.com/lockstep-ebpf/lockstep/internal/mutant"
	"github.com/lockstep-ebpf/lockstep/verifier/release"
	"github.com/lockstep-ebpf/lockstep/verifier/state"
)

// Helpers about dynptrs that have rules of their own.
const (
	dynptrFromMem = 197
	dynptrData    = 203
)

// dynptrSlots is how many slots a dynptr takes.
const dynptrSlots = 2

// dynptrSlot is the upper slot of the dynptr that an address is of (Linux's dynptr_get_spi);
// allocated is false if the stack does not reach there yet.
func dynptrSlot(s *state.State, r *state.Reg, reg uint8) (slot int, allocated bool, f *Failure) {
	v, fixed := r.Num.Const()
	if !fixed {
		return 0, false, failReg("dynptr-moves", reg, r, "a constant offset", "dynptr has to be at a constant offset")
	}
	off := int(r.Off) + int(int64(v))
	slot, _ = cell(off)
	if off%8 != 0 || off > -8*dynptrSlots {
		return 0, false, failReg("dynptr-place", reg, r, "16 bytes of stack, aligned to 8", "cannot pass in dynptr at an offset=%d", off)
	}
	return slot, slot < state.Slots && slot < len(s.Frames[r.Frame].Stack), nil
}

// dynptrArgument is Linux's process_dynptr_func, and the part of check_func_arg that is about
// dynptrs that end with the call.
func (m *Machine) dynptrArgument(s *state.State, c *called, a release.Arg, reg uint8, r *state.Reg, want func(bool, string) *Failure) *Failure {
	if f := want((r.Kind == state.Stack || r.Kind == state.Dynptr) && !r.Null, "fp, dynptr_ptr"); f != nil {
		return f
	}
	if r.Kind == state.Dynptr {
		return m.constDynptr(c, a, reg, r)
	}
	slot, allocated, bad := dynptrSlot(s, r, reg)
	if a.Access == release.Out {
		if bad != nil {
			bad.Text += "\nDynptr has to be an uninitialized dynptr"
			return bad
		}
		return m.dynptrPlace(s, c, a, reg, r, slot)
	}
	var d *state.Reg
	if bad == nil && allocated {
		d = s.Frames[r.Frame].DynptrAt(slot)
	}
	switch {
	case a.Release && (bad != nil || !owns(s, int(r.Frame), slot)):
		return dynptrText(bad, reg, r, "a dynptr that was reserved", "arg %d is an unacquired reference", reg)
	case d == nil:
		return dynptrText(bad, reg, r, "a dynptr", "Expected an initialized dynptr as arg #%d", reg-1)
	case a.BTF == "ringbuf" && !d.Ring:
		return failReg("dynptr-type", reg, r, "a dynptr of a ring buffer", "Expected a dynptr of type ringbuf as arg #%d", reg-1)
	}
	s.Reads(int(r.Frame), 3<<(slot-1))
	c.dynptr = *d
	if a.Release {
		c.ends = &dynptrAt{int(r.Frame), slot}
	}
	return nil
}

// owns reports whether a slot is a part of a dynptr with a reference.
func owns(s *state.State, frame, slot int) bool {
	x := s.Frames[frame].At(slot)
	return x.Bytes[0] == state.Object && x.Spill.Ref != 0
}

// dynptrAt is where a dynptr lies.
type dynptrAt struct{ frame, slot int }

// dynptrText puts what was wrong with the place in front of what that means.
func dynptrText(bad *Failure, reg uint8, r *state.Reg, need, format string, args ...any) *Failure {
	f := failReg("dynptr", reg, r, need, format, args...)
	if bad != nil {
		f.Text = bad.Text + "\n" + f.Text
	}
	return f
}

// constDynptr is an argument that is a dynptr that a callback was given: it may be looked at
// and no more.
func (m *Machine) constDynptr(c *called, a release.Arg, reg uint8, r *state.Reg) *Failure {
	if f := atStart(reg, r); f != nil {
		return f
	}
	switch {
	case a.Release:
		return failReg("dynptr", reg, r, "a dynptr on the stack", "cannot release unowned const bpf_dynptr")
	case a.Access == release.Out:
		return failReg("dynptr", reg, r, "a place on the stack", "Dynptr has to be an uninitialized dynptr")
	}
	c.dynptr = *r
	return nil
}

// dynptrPlace prepares the stack for a new dynptr. It comes there when the call is done.
func (m *Machine) dynptrPlace(s *state.State, c *called, a release.Arg, reg uint8, r *state.Reg, slot int) *Failure {
	for off := range dynptrSlots {
		if _, f := m.stackSpan(s, r, reg, 8*off, 8, " write to"); f != nil {
			return f
		}
	}
	p, f := m.stackSpan(s, r, reg, 0, 8*dynptrSlots, " write to")
	if f != nil {
		return f
	}
	if f := m.overwrites(s, p); f != nil {
		return f
	}
	d := state.Reg{Kind: state.Dynptr, ID: m.id(), Ring: a.BTF == "ringbuf"}
	if d.Ring {
		d.Ref = m.id()
		s.Refs = append(s.Refs, state.Ref{ID: d.Ref, Insn: s.PC})
	}
	s.Frames[p.frame].PutDynptr(slot, d)
	s.Writes(p.frame, slot)
	s.Writes(p.frame, slot-1)
	return nil
}

// overwrites ends the dynptrs that a store to the stack goes over (Linux's
// destroy_if_dynptr_stack_slot). One that has a record of a ring buffer has to be given back
// first.
func (m *Machine) overwrites(s *state.State, p span) *Failure {
	f := s.Frames[p.frame]
	if f.Objects == 0 || mutant.On(mutant.VerifierDynptrForged) {
		return nil
	}
	first, _ := cell(p.high + max(p.size, 1) - 1)
	last, _ := cell(p.low)
	for n := first; n <= last && n < len(f.Stack); n++ {
		slot := &f.Stack[n]
		if slot.Bytes[0] != state.Object {
			continue
		}
		if slot.Spill.Kind != state.Dynptr { // an iterator is lost, and its reference with it
			*slot = state.Slot{}
			continue
		}
		if slot.Spill.Ring {
			return fail("dynptr-overwritten", "cannot overwrite referenced dynptr")
		}
		upper := n
		if !slot.Spill.First {
			upper++
		}
		s.DropDynptr(p.frame, upper, m.gone())
	}
	return nil
}

// holdsObject finds the first byte of a span that is part of an object of the kernel's; ok is
// false if none is.
func holdsObject(s *state.State, p span) (off int, ok bool) {
	f := s.Frames[p.frame]
	if f.Objects == 0 || mutant.On(mutant.VerifierDynptrRead) {
		return 0, false
	}
	first, _ := cell(p.high + max(p.size, 1) - 1)
	last, _ := cell(p.low)
	for n := min(last, len(f.Stack)-1); n >= first; n-- { // in the order of addresses
		if f.Stack[n].Bytes[0] == state.Object {
			return max(p.low, -8*(n+1)), true
		}
	}
	return 0, false
}

// endDynptr is what bpf_ringbuf_submit_dynptr leaves.
func (m *Machine) endDynptr(s *state.State, at *dynptrAt) {
	ref := s.Frames[at.frame].Stack[at.slot].Spill.Ref
	s.DropDynptr(at.frame, at.slot, m.gone())
	m.release(s, ref)
}
