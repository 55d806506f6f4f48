package transfer

import (
	"fmt"
	"strings"

	"github.com/lockstep-ebpf/lockstep/internal/mutant"
	"github.com/lockstep-ebpf/lockstep/verifier/release"
	"github.com/lockstep-ebpf/lockstep/verifier/state"
)

// atStart is Linux's check_ptr_off_reg: the address has not been moved.
func atStart(n uint8, r *state.Reg) *Failure {
	name := r.TypeName()
	v, fixed := r.Num.Const()
	switch {
	case r.Off < 0:
		return failReg("moved-pointer", n, r, "offset 0", "negative offset %s ptr R%d off=%d disallowed", name, n, r.Off)
	case r.Off != 0:
		return failReg("moved-pointer", n, r, "offset 0", "dereference of modified %s ptr R%d off=%d disallowed", name, n, r.Off)
	case !fixed || v != 0:
		return failReg("moved-pointer", n, r, "offset 0", "variable %s access var_off=%s disallowed", name, bitsText(r.Num.Bits))
	}
	return nil
}

// fieldKinds are the kinds of address that fields of contexts hold, as the tables name them.
var fieldKinds = map[string]state.Kind{
	"scalar": state.Scalar, "pkt": state.Packet, "pkt_end": state.PacketEnd, "pkt_meta": state.PacketMeta,
	"sock": state.Sock, "sock_or_null": state.Sock, "sock_common_or_null": state.SockCommon,
	"flow_keys": state.FlowKeys, "tp_buffer": state.TPBuffer,
}

// contextAccess is Linux's check_ctx_access, with each type's is_valid_access from the
// release's table.
func (m *Machine) contextAccess(r *state.Reg, a *access) (state.Reg, *Failure) {
	if m.progType() == release.Syscall && m.Release.Has(release.VariableSyscall) {
		return state.Number(loaded(w.Unknown(), a)), m.contextRoom(r, a.reg, a.off, a.size)
	}
	if f := atStart(a.reg, r); f != nil {
		return state.Reg{}, f
	}
	if m.Target.Typed {
		return m.typedContext(r, a)
	}
	if a.off < 0 || !m.fieldAllowed(a) {
		return state.Reg{}, failReg("context", a.reg, r, "a field of the context", "invalid bpf_context access off=%d size=%d", a.off, a.size)
	}
	m.ContextUsed = max(m.ContextUsed, a.off+a.size)
	field := m.Release.Field(m.progType(), m.Attach, uint32(a.off), uint32(a.size), false)
	kind, known := fieldKinds[field.Kind]
	switch {
	case a.write || kind == state.Scalar && known:
		return state.Number(loaded(w.Unknown(), a)), nil
	case !known:
		return state.Reg{}, unsupported("a %s in the context", field.Kind)
	case a.signed:
		return state.Reg{}, failReg("context", a.reg, r, "a load without sign", "invalid bpf_context access off=%d size=%d", a.off, a.size)
	}
	if strings.HasSuffix(field.Kind, "_or_null") {
		return state.Reg{Kind: kind, Null: true, ID: m.id()}, nil
	}
	return state.Reg{Kind: kind}, nil
}

func (m *Machine) fieldAllowed(a *access) bool {
	write := a.write && !mutant.On(mutant.VerifierContextWritable)
	if !m.may(release.BPF) && release.Privileged(m.progType(), uint32(a.off), write) {
		return false
	}
	if write && a.imm != nil && !m.Release.Has(release.STContext) {
		return false
	}
	return m.Release.Field(m.progType(), m.Attach, uint32(a.off), uint32(a.size), write).OK
}

// packetWritable reports whether programs of the type may write into packets.
func (m *Machine) packetWritable() bool {
	return typeTable[m.progType()].writes || mutant.On(mutant.VerifierPacketWritable)
}

// packetBounds is Linux's check_packet_access.
func (m *Machine) packetBounds(r *state.Reg, a *access) *Failure {
	return m.packetRoom(r, a.reg, a.off, a.size, false)
}

func (m *Machine) packetRoom(r *state.Reg, n uint8, off, size int, zeroOK bool) *Failure {
	at := int64(off) + int64(r.Off)
	if r.Num.S.Min < 0 {
		return failReg("negative-offset", n, r, "offset ≥ 0", "R%d min value is negative, either use unsigned index or do a if (index >=0) check.", n)
	}
	if r.Range < 0 || !within(at, size, int64(r.Range), zeroOK) {
		text := fmt.Sprintf("R%d offset is outside of the packet", n)
		if r.Range >= 0 {
			text = fmt.Sprintf("invalid access to packet, off=%d size=%d, R%d(id=%d,off=%d,r=%d)\n%s", at, size, n, r.ID, at, r.Range, text)
		}
		return failReg("packet-bounds", n, r, fmt.Sprintf("a comparison with data_end that shows %d bytes", at+int64(size)), "%s", text)
	}
	return nil
}
