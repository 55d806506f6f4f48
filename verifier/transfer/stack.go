package transfer

import (
	"fmt"

	"github.com/lockstep-ebpf/lockstep/internal/mutant"
	"github.com/lockstep-ebpf/lockstep/spec"
	"github.com/lockstep-ebpf/lockstep/verifier/num"
	"github.com/lockstep-ebpf/lockstep/verifier/release"
	"github.com/lockstep-ebpf/lockstep/verifier/state"
)

// span is where in a frame an access may be: from r10+low up to r10+high+size.
type span struct {
	frame     int
	low, high int
	size      int
}

func (p span) fixed() bool { return p.low == p.high }

// mask is the slots that it may touch.
func (p span) mask() uint64 {
	first, _ := cell(p.high + max(p.size, 1) - 1)
	last, _ := cell(p.low)
	var mask uint64
	for i := first; i <= last && i < state.Slots; i++ {
		mask |= 1 << i
	}
	return mask
}

// cell finds the slot and the byte in it of offset off from r10.
func cell(off int) (slot, b int) { return (-off - 1) / 8, (off%8 + 8) % 8 }

// stackSpan checks that an access stays within a frame.
func (m *Machine) stackSpan(s *state.State, r *state.Reg, n uint8, off, size int, what string) (span, *Failure) {
	low, high := r.Num.S.Min, r.Num.S.Max
	_, fixed := r.Num.Const()
	at := int64(r.Off) + int64(off)
	if !fixed && (high >= maxOffset || low <= -maxOffset) {
		return span{}, failReg("unbounded-stack", n, r, "bounds", "invalid unbounded variable-offset%s stack R%d", what, n)
	}
	deepest := int64(-state.FrameSize)
	if mutant.On(mutant.VerifierStackOffByOne) {
		deepest -= 8
	}
	if at+low < deepest || at+high >= 0 || at+high+int64(size) > 0 {
		need := fmt.Sprintf("from -%d to -%d", state.FrameSize, max(size, 1))
		if fixed {
			return span{}, failReg("stack-bounds", n, r, need, "invalid%s stack R%d off=%d size=%d", what, n, at+low, size)
		}
		return span{}, failReg("stack-bounds", n, r, need, "invalid variable-offset%s stack R%d var_off=%s off=%d size=%d", what, n, bitsText(r.Num.Bits), at, size)
	}
	p := span{int(r.Frame), int(at + low), int(at + high), size}
	f := s.Frames[p.frame].Func
	m.StackUsed[f] = max(m.StackUsed[f], -p.low)
	return p, nil
}

func (m *Machine) stackAccess(s *state.State, r *state.Reg, a *access) (state.Reg, *Failure) {
	what := " read from"
	if a.write {
		what = " write to"
	}
	p, f := m.stackSpan(s, r, a.reg, a.off, a.size, what)
	if f != nil {
		return state.Reg{}, f
	}
	if at, holds := holdsObject(s, p); holds && !a.write {
		return state.Reg{}, m.readsObject(r, a.reg, p, at, "")
	} else if holds {
		if f := m.overwrites(s, p); f != nil {
			return state.Reg{}, f
		}
	}
	switch {
	case a.write && p.fixed():
		return state.Reg{}, m.stackWrite(s, p, a)
	case a.write:
		if f := m.uninitialisedSmear(s, p, r, a.reg); f != nil {
			return state.Reg{}, f
		}
		m.smear(s, p, a.isZero())
		return state.Reg{}, nil
	case p.fixed():
		return m.stackRead(s, r, p, a)
	}
	if f := m.initialised(s, r, p, a.reg); f != nil {
		return state.Reg{}, f
	}
	return m.stackReadSomewhere(s, p, a), nil
}

// readsObject refuses to read a byte of an object of the kernel's. Of a helper Linux says which
// register it is.
func (m *Machine) readsObject(r *state.Reg, n uint8, p span, at int, which string) *Failure {
	text := fmt.Sprintf("invalid read from stack %soff %d+%d size %d", which, p.low, at-p.low, p.size)
	if !p.fixed() {
		text = fmt.Sprintf("invalid read from stack R%d var_off %s+%d size %d", n, bitsText(r.Num.Bits), at-p.low, p.size)
	}
	return failReg("stack-object", n, r, "stack that holds no dynptr", "%s", text)
}

// isZero reports whether a store writes 0, and says that it matters.
func (a *access) isZero() bool {
	if a.value == nil {
		return a.imm != nil && *a.imm == 0
	}
	if a.value.IsZero() {
		a.value.Node.Demand()
		return true
	}
	return false
}

// stackWrite is a store to a known place.
func (m *Machine) stackWrite(s *state.State, p span, a *access) *Failure {
	n, b := cell(p.low)
	slot := s.Frames[p.frame].Slot(n)
	v := a.value
	if f := m.corrupts(slot, a); f != nil {
		return f
	}
	before := slot.Bytes
	switch {
	case v != nil && v.IsPointer() && a.size != 8:
		return fail("spill-size", "invalid size of register spill")
	case v != nil && v.Kind == state.Stack && p.frame != s.Depth() && !mutant.On(mutant.VerifierStackEscapes):
		return fail("stack-escapes", "cannot spill pointers to stack into stack frame of the caller")
	case v != nil && v.IsPointer():
		slot.Save(v, 8)
	case v != nil && b == 0 && (a.size == 8 || m.Order == spec.Little) && m.tracks(a):
		m.spill(slot, v, a.size)
	case a.imm != nil && b == 0 && (a.size == 8 || m.Order == spec.Little) && m.tracks(a):
		c := state.Const(uint64(int64(*a.imm)))
		if mutant.On(mutant.VerifierStoreImm32) {
			c = state.Const(uint64(uint32(*a.imm)))
		}
		slot.Save(&c, a.size)
	default:
		zero := a.isZero()
		slot.Scrub()
		for i := b; i < b+a.size; i++ {
			slot.Bytes[i] = state.Misc
			if zero {
				slot.Bytes[i] = state.Zero
			}
		}
	}
	m.keepUnwritten(slot, &before, b+a.size)
	if a.size == 8 {
		s.Writes(p.frame, n)
	}
	return nil
}

// spill keeps what is known of a number. If it does not fit, its lower part is another
// number.
func (m *Machine) spill(slot *state.Slot, v *state.Reg, size int) {
	if size == 8 || v.Num.U.Max>>(8*size) == 0 {
		if m.sharp(release.SpillLinked) {
			m.link(v)
		}
		slot.Save(v, size)
		return
	}
	part := *v
	part.Num = w.Zext(v.Num, uint(8*size))
	if !mutant.On(mutant.VerifierNarrowSpillKeepsID) {
		part.ID, part.Delta = 0, 0
	}
	slot.Save(&part, size)
}

// smear is a store to one of several places.
func (m *Machine) smear(s *state.State, p span, zero bool) {
	f := s.Frames[p.frame]
	for off := p.low; off < p.high+p.size; off++ {
		n, b := cell(off)
		slot := f.Slot(n)
		if v, ok := slot.Value(); zero && ok && v.IsZero() {
			v.Node.Demand()
			continue
		}
		if slot.Spill != nil && !mutant.On(mutant.VerifierSpillSurvives) {
			slot.Scrub()
		}
		if !(zero && slot.Bytes[b] == state.Zero) && slot.Spill == nil {
			slot.Bytes[b] = state.Misc
		}
	}
}

// stackRead is a load from a known place.
func (m *Machine) stackRead(s *state.State, r *state.Reg, p span, a *access) (state.Reg, *Failure) {
	n, b := cell(p.low)
	slot := s.Frames[p.frame].At(n)
	s.Reads(p.frame, 1<<n)
	width := slot.Width()
	if f := m.unreadable(s, &slot, r, p, a); f != nil {
		return state.Reg{}, f
	}
	if width == 8 && slot.Spill.IsPointer() {
		if a.size != 8 {
			return state.Reg{}, fail("fill-size", "invalid size of register fill")
		}
		return *slot.Spill, nil
	}
	if width > 0 && b == 0 && a.size <= width && (m.Order == spec.Little || a.size == 8) {
		return fill(&slot, a, width), nil
	}
	return state.Number(loaded(unwrittenOr(&slot, b, a.size), a)), nil
}

// fill takes a spilled number back, or its lower part.
func fill(slot *state.Slot, a *access, width int) state.Reg {
	r := *slot.Spill
	r.Node = slot.Node
	whole := a.size == width || r.Num.U.Max>>(8*a.size-1)>>1 == 0
	x := loaded(r.Num, a)
	if !whole && !mutant.On(mutant.VerifierNarrowFillKeepsID) || a.size < 8 && a.signed && x != r.Num {
		r.ID, r.Delta = 0, 0
	}
	r.Num = x
	return r
}

// unwrittenOr is what plain bytes hold: 0 if all are known to be, else anything.
func unwrittenOr(slot *state.Slot, b, size int) num.Scalar {
	if v, ok := slot.Value(); ok && v.IsZero() {
		v.Node.Demand()
		return w.Const(0)
	}
	for _, x := range slot.Bytes[b : b+size] {
		if x != state.Zero {
			return w.Unknown()
		}
	}
	return w.Const(0)
}

// stackReadSomewhere is a load from one of several places.
func (m *Machine) stackReadSomewhere(s *state.State, p span, a *access) state.Reg {
	s.Reads(p.frame, p.mask())
	f := s.Frames[p.frame]
	for off := p.low; off < p.high+p.size; off++ {
		n, b := cell(off)
		slot := f.At(n)
		if slot.Bytes[b] != state.Zero {
			return state.Number(loaded(w.Unknown(), a))
		}
	}
	return state.Const(0)
}

// stackForHelper is what a helper may do to a part of the stack. What it reads need not
// have been written: who may see the kernel's memory may see what lies there.
func (m *Machine) stackForHelper(s *state.State, p span, out bool) {
	s.Reads(p.frame, p.mask())
	if !out {
		return
	}
	f := s.Frames[p.frame]
	for off := p.low; off < p.high+p.size; off++ {
		n, b := cell(off)
		slot := f.Slot(n)
		slot.Scrub()
		slot.Bytes[b] = state.Misc
	}
}
