package transfer

import (
	"github.com/lockstep-ebpf/lockstep/internal/mutant"
	"github.com/lockstep-ebpf/lockstep/verifier/release"
	"github.com/lockstep-ebpf/lockstep/verifier/state"
	"github.com/lockstep-ebpf/lockstep/vm/maps"
)

// sockFields are the tables of what may be loaded from sockets.
var sockFields = map[state.Kind]release.SockKind{
	state.SockCommon: release.SockCommonFields, state.Sock: release.SockFields,
	state.TCPSock: release.TCPSockFields, state.XDPSock: release.XDPSockFields,
}

// sockAccess is Linux's check_sock_access.
func (m *Machine) sockAccess(r *state.Reg, a *access) *Failure {
	if a.write {
		return failReg("sock-write", a.reg, r, "a load", "R%d cannot write into %s", a.reg, r.TypeName())
	}
	off := a.off + int(r.Off)
	kind := sockFields[r.Kind]
	if mutant.On(mutant.VerifierSockWhole) && kind == release.SockCommonFields {
		kind = release.SockFields
	}
	if !m.Release.SockField(kind, off, a.size) {
		return failReg("sock-field", a.reg, r, "a field that may be read", "R%d invalid %s access off=%d size=%d", a.reg, r.TypeName(), off, a.size)
	}
	return nil
}

// flowKeysAccess is Linux's check_flow_keys_access.
func flowKeysAccess(r *state.Reg, a *access) *Failure {
	off := a.off + int(r.Off)
	if off < 0 || off+a.size > release.FlowKeys {
		return failReg("flow-keys", a.reg, r, "a field of struct bpf_flow_keys", "invalid access to flow keys off=%d size=%d", off, a.size)
	}
	return nil
}

// tracepointBuffer is Linux's check_tp_buffer_access: how long the buffer is shows when the
// program is attached.
func tracepointBuffer(r *state.Reg, a *access) *Failure {
	off := a.off + int(r.Off)
	if off < 0 {
		return failReg("tp-buffer", a.reg, r, "offset ≥ 0", "R%d invalid tracepoint buffer access: off=%d, size=%d", a.reg, off, a.size)
	}
	if v, fixed := r.Num.Const(); !fixed || v != 0 {
		return failReg("tp-buffer", a.reg, r, "a constant offset", "R%d invalid variable buffer offset: off=%d, var_off=%s", a.reg, off, bitsText(r.Num.Bits))
	}
	return nil
}

// sockWords are the pointers that stand for sockets, as Linux's messages list them.
const (
	sockWords    = "sock_common, sock, tcp_sock, xdp_sock"
	btfSockWords = sockWords + ", ptr_, trusted_ptr_"
)

// sockArgument checks an argument that is a socket.
func (m *Machine) sockArgument(c *called, a release.Arg, reg uint8, r *state.Reg, want func(bool, string) *Failure) *Failure {
	if a.Kind == release.BTFSock && r.Kind == state.BTF {
		return m.btfSock(c, a, reg, r)
	}
	ok, words := r.IsSock(), sockWords
	switch a.Kind {
	case release.Socket:
		ok, words = r.Kind == state.Sock, "sock"
	case release.BTFSock:
		words = btfSockWords
	}
	if f := want(ok && (!r.Null || a.OrNull), words); f != nil {
		return f
	}
	if a.Release {
		return m.released(c, reg, r)
	}
	if f := atStart(reg, r); f != nil {
		return f
	}
	return c.refers(reg, r)
}

// refers notes the reference that an argument is valid with.
func (c *called) refers(reg uint8, r *state.Reg) *Failure {
	if r.Ref == 0 {
		return nil
	}
	if c.with != 0 {
		return failReg("two-references", reg, r, "one reference", "more than one arg with ref_obj_id R%d %d %d", reg, r.Ref, c.with)
	}
	c.with = r.Ref
	return nil
}

// casts are the helpers whose result is the argument, seen as something else: it is valid with
// the same reference (is_ptr_cast_function).
var casts = map[int32]bool{
	95: true, 96: true, // sk_fullsock, tcp_sock
	136: true, 137: true, 138: true, 139: true, 140: true, 196: true, // skc_to_*
}

// sockResults are the kinds of sockets that helpers give.
var sockResults = map[release.RetKind]state.Kind{
	release.RetSock: state.Sock, release.RetSockCommon: state.SockCommon, release.RetTCPSock: state.TCPSock,
}

func ofSockets(t maps.Type) bool { return t == maps.SockMap || t == maps.SockHash }

// sockMapFits says whether programs of the type may look up, update or delete sockets.
func (m *Machine) sockMapFits(c *called, x *maps.Spec) *Failure {
	if m.Release.SockMap(c.ID, m.progType(), m.Attach) {
		return nil
	}
	f := fail("map-helper", "cannot pass map_type %d into func %s", x.Type, c)
	if c.ID != mapLookup {
		f.Text = "cannot update sockmap in this context\n" + f.Text
	}
	return f
}
