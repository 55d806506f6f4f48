package transfer

import (
	"github.com/lockstep-ebpf/lockstep/internal/mutant"
	"github.com/lockstep-ebpf/lockstep/verifier/release"
	"github.com/lockstep-ebpf/lockstep/verifier/state"
)

// readsUnwritten reports whether stack may be read that was not written (Linux's
// allow_uninit_stack): what lies there is the kernel's, so it takes CAP_PERFMON, and a
// release that cares to let it.
func (m *Machine) readsUnwritten() bool {
	return m.may(release.Perfmon) && m.Release.Has(release.UnwrittenStack) || mutant.On(mutant.VerifierUnwrittenStack)
}

// corrupts refuses to overwrite a part of a spilled address: what is left of it could be
// read as a number.
func (m *Machine) corrupts(slot *state.Slot, a *access) *Failure {
	if m.may(release.Perfmon) || a.size == 8 || slot.Spill == nil || !slot.Spill.IsPointer() {
		return nil
	}
	return fail("spill-corrupt", "attempt to corrupt spilled pointer on stack")
}

// tracks reports whether a number that is stored to the stack is remembered.
func (m *Machine) tracks(a *access) bool {
	if m.Lacks == 0 && !m.Mirror {
		return true
	}
	return m.may(release.BPF) && (a.size == 8 || m.sharp(release.Spill32)) && (a.value != nil || m.sharp(release.STSpill))
}

// keepUnwritten puts right what a store of less than a slot makes of the bytes behind it,
// where it matters: they stay unwritten, but in old releases.
func (m *Machine) keepUnwritten(slot *state.Slot, before *[8]state.Byte, from int) {
	if from >= 8 || m.readsUnwritten() || m.Release.Has(release.SpillFills) && !m.Release.Has(release.UnwrittenStack) {
		return
	}
	for i := from; i < 8; i++ {
		if before[i] == state.Unwritten && slot.Bytes[i] == state.Misc {
			slot.Bytes[i] = state.Unwritten
		}
	}
}

// below refuses to read what lies deeper than anything that was written.
func below(f *state.Frame, r *state.Reg, p span, n uint8) *Failure {
	if !p.fixed() || p.low >= -8*len(f.Stack) {
		return nil
	}
	return failReg("unwritten-stack", n, r, "stack that was written", "invalid read from stack R%d off=%d size=%d", n, p.low, p.size)
}

// unreadable refuses a load of stack that holds nothing.
func (m *Machine) unreadable(s *state.State, slot *state.Slot, r *state.Reg, p span, a *access) *Failure {
	if m.readsUnwritten() {
		return nil
	}
	if f := below(s.Frames[p.frame], r, p, a.reg); f != nil {
		return f
	}
	_, b := cell(p.low)
	for i := range a.size {
		if slot.Bytes[b+i] == state.Unwritten {
			return fail("unwritten-stack", "invalid read from stack off %d+%d size %d", p.low, i, a.size)
		}
	}
	return nil
}

// initialised asks for all that a load at a variable offset may touch.
func (m *Machine) initialised(s *state.State, r *state.Reg, p span, n uint8) *Failure {
	if m.readsUnwritten() {
		return nil
	}
	f := s.Frames[p.frame]
	if x := below(f, r, p, n); x != nil {
		return x
	}
	for off := p.low; off < p.high+p.size; off++ {
		k, b := cell(off)
		slot := f.At(k)
		hidden := slot.Bytes[b] == state.Spilled && slot.Spill.IsPointer() && !m.may(release.Perfmon)
		if slot.Bytes[b] != state.Unwritten && !hidden {
			continue
		}
		if p.fixed() {
			return failReg("unwritten-stack", n, r, "stack that was written", "invalid read from stack R%d off %d+%d size %d", n, p.low, off-p.low, p.size)
		}
		return failReg("unwritten-stack", n, r, "stack that was written", "invalid read from stack R%d var_off %s+%d size %d", n, bitsText(r.Num.Bits), off-p.low, p.size)
	}
	return nil
}

// initialisedFor asks for it on behalf of a helper.
func (m *Machine) initialisedFor(s *state.State, r *state.Reg, n uint8, size int) *Failure {
	if m.readsUnwritten() || size == 0 {
		return nil
	}
	p, f := m.stackSpan(s, r, n, 0, size, "")
	if f != nil {
		return f
	}
	return m.initialised(s, r, p, n)
}

// uninitialisedSmear refuses a store to one of several places if it would make stack
// readable that was not written.
func (m *Machine) uninitialisedSmear(s *state.State, p span, r *state.Reg, n uint8) *Failure {
	if m.readsUnwritten() || m.may(release.Perfmon) && !m.Release.Has(release.UnwrittenStack) {
		return nil
	}
	f := s.Frames[p.frame]
	for off := p.low; off < p.high+p.size; off++ {
		k, b := cell(off)
		if slot := f.At(k); slot.Bytes[b] == state.Unwritten {
			return failReg("unwritten-stack", n, r, "stack that was written", "uninit stack in range of var-offset write prohibited for !root; insn %d, off: %d", s.PC, off)
		}
	}
	return nil
}
