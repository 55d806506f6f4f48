package transfer

import (
	"github.com/lockstep-ebpf/lockstep/internal/mutant"
	"github.com/lockstep-ebpf/lockstep/spec"
	"github.com/lockstep-ebpf/lockstep/verifier/num"
	"github.com/lockstep-ebpf/lockstep/verifier/release"
	"github.com/lockstep-ebpf/lockstep/verifier/state"
	"github.com/lockstep-ebpf/lockstep/vm/maps"
)

// may reports whether the caller has capabilities.
func (r *Rules) may(c release.Caps) bool { return r.Lacks&c == 0 }

// leaks keeps addresses from those who may not see them (Linux's is_pointer_value and
// allow_ptr_leaks).
func (m *Machine) leaks(r *state.Reg, n uint8, into string) *Failure {
	if m.may(release.Perfmon) || r.Kind == state.Scalar || mutant.On(mutant.VerifierPointerLeaks) {
		return nil
	}
	return failReg("pointer-leak", n, r, "a number, or CAP_PERFMON", "R%d leaks addr %s", n, into)
}

// storeLeaks is leaks for a store anywhere but to the stack.
func (m *Machine) storeLeaks(r *state.Reg, a *access) *Failure {
	if a.value == nil {
		return nil
	}
	switch r.Kind {
	case state.Ctx:
		return m.leaks(a.value, a.src, "into ctx")
	case state.MapValue:
		return m.leaks(a.value, a.src, "into map")
	case state.Mem:
		return m.leaks(a.value, a.src, "into mem")
	case state.Packet, state.PacketMeta:
		if m.packetWritable() {
			return m.leaks(a.value, a.src, "into packet")
		}
	}
	return nil
}

// atomicLeaks looks at the operands of an atomic.
func (m *Machine) atomicLeaks(s *state.State, i spec.Insn) *Failure {
	if i.Imm == spec.AtomicLoadAcq || i.Imm == spec.AtomicStoreRel {
		return nil
	}
	if i.Imm == spec.AtomicCmpXchg {
		if f := m.leaks(s.Reg(0), 0, "into mem"); f != nil {
			return f
		}
	}
	return m.leaks(s.Reg(i.Src), i.Src, "into mem")
}

// takesAddress refuses an atomic on a spilled address, which would make a number of it.
func (m *Machine) takesAddress(old, base *state.Reg, a *access) *Failure {
	if m.may(release.Perfmon) || !old.IsPointer() {
		return nil
	}
	return failReg("pointer-leak", a.reg, base, "a number on the stack, or CAP_PERFMON", "leaking pointer from stack off %d", int(base.Off)+a.off)
}

// partial refuses to make some number of an address.
func (m *Machine) partial(n uint8, r *state.Reg, what string) *Failure {
	if m.may(release.Perfmon) || !r.IsPointer() {
		return nil
	}
	return failReg("pointer-part", n, r, "a number, or CAP_PERFMON", "R%d %s", n, what)
}

// partialMove refuses to copy a part of an address.
func (m *Machine) partialMove(i spec.Insn, src *state.Reg, wide bool) *Failure {
	switch {
	case i.Off != 0:
		return m.partial(i.Src, src, "sign-extension part of pointer")
	case !wide:
		return m.partial(i.Src, src, "partial copy of pointer")
	}
	return nil
}

// comparesSource refuses to compare with an address, but for ends of packets.
func (m *Machine) comparesSource(t *test, x, y *state.Reg) *Failure {
	if m.may(release.Perfmon) || !t.register || !y.IsPointer() || ofPacket(x) && ofPacket(y) {
		return nil
	}
	return failReg("pointer-comparison", t.src, y, "a number, or CAP_PERFMON", "R%d pointer comparison prohibited", t.src)
}

// compares refuses to compare an address, but with 0 and with ends of packets.
func (m *Machine) compares(t *test, x, y *state.Reg) *Failure {
	if m.may(release.Perfmon) || !x.IsPointer() {
		return nil
	}
	switch equal := t.cond == num.Eq || t.cond == num.Ne; {
	case t.narrow:
	case !t.register && t.imm == 0 && equal && x.Null, t.register && ordered(t.cond) && (ends(x, y) || ends(y, x)):
		return nil
	}
	return failReg("pointer-comparison", t.dst, x, "a number, or CAP_PERFMON", "R%d pointer comparison prohibited", t.dst)
}

func ordered(c num.Cond) bool {
	return c == num.Ult || c == num.Ule || c == num.Ugt || c == num.Uge
}

func ofPacket(r *state.Reg) bool { return r.IsPacket() || r.Kind == state.PacketEnd }

// mayCall looks at the licence of the program and at the rights of the caller.
func (m *Machine) mayCall(h *release.Helper) *Failure {
	if missing := m.Release.HelperCaps(h.ID, m.progType(), m.Attach) & m.Lacks; missing != 0 {
		f := fail("helper-denied", "program of this type cannot use helper bpf_%s#%d", h.Name, h.ID)
		f.Class, f.Need = Denied, missing.String()
		return f
	}
	if h.Has(release.GPL) && !m.License && !mutant.On(mutant.VerifierLicenceIgnored) {
		f := fail("licence", "cannot call GPL-restricted function from non-GPL compatible program")
		f.Have, f.Need = "another licence", "GPL, or a licence that goes with it"
		return f
	}
	return nil
}

// writesReadOnly is about helpers that a release takes to read what they write. By its
// rules a map that programs may not write is good enough for them, by ours it is not.
func (m *Machine) writesReadOnly(s *state.State, c *called) *Failure {
	if m.Mirror {
		return nil
	}
	for n := range c.Args {
		r := s.Reg(uint8(n + 1))
		if m.Release.Unsound(c.ID, n+1) && r.Kind == state.MapValue && m.mapOf(r).Flags&maps.ReadOnly != 0 {
			return failReg("map-write", uint8(n+1), r, "memory that may be written", "write into map forbidden, value_size=%d off=%d size=%d",
				m.mapOf(r).ValueSize, r.Off, m.sizeOf(s, c, n))
		}
	}
	return nil
}
