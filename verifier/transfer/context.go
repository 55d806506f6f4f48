package transfer

import (
	"fmt"

	"github.com/lockstep-ebpf/lockstep/internal/mutant"
	"github.com/lockstep-ebpf/lockstep/verifier/state"
	"github.com/lockstep-ebpf/lockstep/vm/hook"
	"github.com/lockstep-ebpf/lockstep/vm/mem"
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
		return failReg("moved-pointer", n, r, "offset 0", "variable %s access var_off=%s disallowed", name, r.Num.Bits)
	}
	return nil
}

// maxBuffer is the greatest offset into a context of the caller's choosing.
const maxBuffer = 1<<16 - 1

// contextAccess is Linux's check_ctx_access with each type's is_valid_access.
func (m *Machine) contextAccess(r *state.Reg, a *access) (state.Reg, *Failure) {
	if f := atStart(a.reg, r); f != nil {
		return state.Reg{}, f
	}
	kind, ok := m.field(a)
	if !ok {
		return state.Reg{}, failReg("context", a.reg, r, "a field of the context", "invalid bpf_context access off=%d size=%d", a.off, a.size)
	}
	if kind != state.Scalar {
		return state.Reg{Kind: kind}, nil
	}
	return state.Number(loaded(w.Unknown(), a)), nil
}

// field says what an access to the context yields.
func (m *Machine) field(a *access) (state.Kind, bool) {
	if a.off < 0 || a.off%a.size != 0 {
		return 0, false
	}
	if m.Info.Context == hook.Buffer {
		return state.Scalar, a.off < maxBuffer
	}
	for i := range m.Info.Fields {
		f := &m.Info.Fields[i]
		if a.off >= int(f.Off) && a.off+a.size <= int(f.Off+f.Size) {
			return m.fieldAccess(f, a)
		}
	}
	return 0, false
}

func (m *Machine) fieldAccess(f *hook.Field, a *access) (state.Kind, bool) {
	kind := packetField(m.Info.Context, f.Off)
	need := mem.Read
	if a.write {
		need = mem.RW
	}
	whole := a.size == int(f.Size)
	switch {
	case f.Perm&need != need && !mutant.On(mutant.VerifierContextWritable):
		return 0, false
	case f.Name == "cb": // any size
		return state.Scalar, true
	case kind != state.Scalar:
		return kind, whole && !a.signed
	case m.Info.Context == hook.XdpMD, a.write, f.Size == 8:
		return state.Scalar, whole
	}
	return state.Scalar, true // of a field that is read, a part will do
}

// packetField is the kind of address in a field of the context.
func packetField(c hook.Context, off uint32) state.Kind {
	type place struct {
		context hook.Context
		off     uint32
	}
	switch (place{c, off}) {
	case place{hook.SkBuff, hook.SkbData}, place{hook.XdpMD, hook.XdpData}:
		return state.Packet
	case place{hook.SkBuff, hook.SkbDataEnd}, place{hook.XdpMD, hook.XdpDataEnd}:
		return state.PacketEnd
	case place{hook.SkBuff, hook.SkbDataMeta}, place{hook.XdpMD, hook.XdpDataMeta}:
		return state.PacketMeta
	}
	return state.Scalar
}

// packetWritable reports whether programs of the type may write into packets.
func (m *Machine) packetWritable() bool {
	return m.Type == hook.XDP || m.Type == hook.SchedCLS || mutant.On(mutant.VerifierPacketWritable)
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
			text = fmt.Sprintf("invalid access to packet, off=%d size=%d, R%d(id=%d,off=%d,r=%d)\n%s", at, size, n, r.ID, r.Off, r.Range, text)
		}
		return failReg("packet-bounds", n, r, fmt.Sprintf("a comparison with data_end that shows %d bytes", at+int64(size)), "%s", text)
	}
	return nil
}
