package transfer

import (
	"github.com/lockstep-ebpf/lockstep/spec"
	"github.com/lockstep-ebpf/lockstep/verifier/state"
)

// atomic is Linux's check_atomic: a load and a store that have to be aligned.
func (m *Machine) atomic(s *state.State, i spec.Insn) *Failure {
	base, want := i.Dst, i.Src
	if i.Imm == spec.AtomicLoadAcq {
		base, want = i.Src, i.Src
	}
	for _, n := range []uint8{want, base} {
		if f := m.readable(s, n); f != nil {
			return f
		}
	}
	if i.Imm == spec.AtomicCmpXchg {
		if f := m.readable(s, 0); f != nil {
			return f
		}
	}
	if f := m.atomicLeaks(s, i); f != nil {
		return f
	}
	r := s.Reg(base)
	if f := atomicPlace(base, r, i.Imm); f != nil {
		return f
	}
	a := access{reg: base, off: int(i.Off), size: i.Bytes(), strict: true}
	if i.Imm == spec.AtomicLoadAcq {
		v, f := m.access(s, &a)
		if f == nil {
			*s.Reg(i.Dst) = v
		}
		return f
	}
	store := a
	store.write = true
	if i.Imm == spec.AtomicStoreRel {
		store.value, store.src = s.Reg(i.Src), i.Src
		_, f := m.access(s, &store)
		return f
	}
	return m.update(s, i, &a, &store)
}

// update is a read-modify-write.
func (m *Machine) update(s *state.State, i spec.Insn, load, store *access) *Failure {
	old, f := m.access(s, load)
	if f == nil {
		f = m.takesAddress(&old, s.Reg(load.reg), load)
	}
	if f != nil {
		return f
	}
	unknown := state.Unknown()
	store.value = &unknown
	if _, f := m.access(s, store); f != nil {
		return f
	}
	switch {
	case i.Imm == spec.AtomicCmpXchg:
		*s.Reg(0) = old
	case i.Imm&spec.AtomicFetch != 0:
		*s.Reg(i.Src) = old
	}
	return nil
}

// atomicPlace refuses memory whose accesses Linux rewrites.
func atomicPlace(n uint8, r *state.Reg, imm int32) *Failure {
	switch r.Kind {
	case state.Ctx, state.Packet, state.PacketMeta, state.FlowKeys, state.SockCommon, state.Sock, state.TCPSock, state.XDPSock:
		verb := "stores into"
		if imm == spec.AtomicLoadAcq {
			verb = "loads from"
		}
		return failReg("atomic-place", n, r, "the stack or a map value", "BPF_ATOMIC %s R%d %s is not allowed", verb, n, r.TypeName())
	}
	return nil
}
