package vm

import (
	"bytes"

	"github.com/lockstep-ebpf/lockstep/vm/hook"
	"github.com/lockstep-ebpf/lockstep/vm/maps"
	"github.com/lockstep-ebpf/lockstep/vm/mem"
)

// Helpers of programs with a verdict (Linux's net/core/sock_map.c).
var socketHelpers = map[int32]*Helper{
	52: {Name: "sk_redirect_map", Args: 4, Call: skRedirectMap},
	72: {Name: "sk_redirect_hash", Args: 4, Call: skRedirectHash},
}

// ingress is BPF_F_INGRESS: the message goes into what the socket receives, as if it
// had come from its peer. Without it the socket sends it.
const ingress = 1

// redirection is where a message goes if the program passes it.
type redirection struct {
	socket uint32 // 0: none, it stays where it came
	flags  uint64
}

// skRedirectMap is bpf_sk_redirect_map(ctx, map, key, flags).
func skRedirectMap(m *Machine, a *[5]uint64) (uint64, Fault) {
	x, f := redirectArg(m, a, maps.SockMap)
	if f.Kind != NoFault {
		return 0, f
	}
	key := make([]byte, 4)
	m.Mem.Order.Binary().PutUint32(key, uint32(a[2]))
	return m.redirect(x, key, a[3], Event{Map: m.World.mapNumber(a[1]), Index: uint64(uint32(a[2]))})
}

// skRedirectHash is bpf_sk_redirect_hash(ctx, map, key, flags).
func skRedirectHash(m *Machine, a *[5]uint64) (uint64, Fault) {
	x, f := redirectArg(m, a, maps.SockHash)
	if f.Kind != NoFault {
		return 0, f
	}
	key, f := m.Bytes(a[2], m.World.MapAt(a[1]).Spec().KeySize, mem.Read)
	if f.Kind != NoFault {
		return 0, f
	}
	return m.redirect(x, key, a[3], Event{Map: m.World.mapNumber(a[1]), Data: bytes.Clone(key)})
}

// redirectArg checks what a verifier would: the program's type, its context, and the
// type of the map.
func redirectArg(m *Machine, a *[5]uint64, want maps.Type) (maps.Sockets, Fault) {
	if !m.hook.Verdict || a[0] != m.R1 {
		return nil, Fault{Kind: FaultHelper, Addr: a[0]}
	}
	x := m.World.MapAt(a[1])
	if x == nil || x.Spec().Type != want {
		return nil, Fault{Kind: FaultHelper, Addr: a[1]}
	}
	return x.(maps.Sockets), Fault{}
}

// redirect notes where the message is to go. One that fails leaves an earlier one
// standing.
func (m *Machine) redirect(x maps.Sockets, key []byte, flags uint64, e Event) (uint64, Fault) {
	if flags&^ingress != 0 {
		return hook.SKDrop, Fault{}
	}
	socket, ok := x.Socket(key)
	if !ok {
		return hook.SKDrop, Fault{}
	}
	m.redirected = redirection{socket, flags}
	e.Kind, e.Flags = Redirect, flags
	m.emit(e)
	return hook.SKPass, Fault{}
}

// deliver carries out a verdict, which is the lower half of r0 (Linux's
// sk_psock_verdict_recv). Any but SKPass drops the message.
func (m *Machine) deliver(o *Outcome) {
	switch {
	case o.Kind != Exit:
	case o.Undef&1 != 0:
		o.Tainted = true
	case uint32(o.R0) == hook.SKPass:
		o.Events = append(o.Events, Event{
			Kind: Message, Map: -1, Index: uint64(m.redirected.socket), Flags: m.redirected.flags,
			Data: bytes.Clone(o.Packet.Data), Undef: o.Packet.Undef,
		})
	}
}
