package vm

import (
	"net/netip"

	"github.com/lockstep-ebpf/lockstep/vm/hook"
	"github.com/lockstep-ebpf/lockstep/vm/maps"
	"github.com/lockstep-ebpf/lockstep/vm/mem"
)

// Helpers that find sockets and ask about them (Linux's net/core/filter.c). Sockets are
// Env's; a program sees struct bpf_sock of one that it found.
var sockHelpers = map[int32]*Helper{
	46:  {Name: "get_socket_cookie", Args: 1, Call: socketCookie},
	47:  {Name: "get_socket_uid", Args: 1, Call: socketUID},
	60:  {Name: "msg_redirect_map", Args: 4, Call: msgRedirectMap},
	61:  {Name: "msg_apply_bytes", Args: 2, Call: msgBytes},
	62:  {Name: "msg_cork_bytes", Args: 2, Call: msgBytes},
	63:  {Name: "msg_pull_data", Args: 4, Call: msgPull},
	71:  {Name: "msg_redirect_hash", Args: 4, Call: msgRedirectHash},
	82:  {Name: "sk_select_reuseport", Args: 4, Call: selectReuseport},
	84:  {Name: "sk_lookup_tcp", Args: 5, Call: func(m *Machine, a *[5]uint64) (uint64, Fault) { return findSocket(m, a, 6) }},
	85:  {Name: "sk_lookup_udp", Args: 5, Call: func(m *Machine, a *[5]uint64) (uint64, Fault) { return findSocket(m, a, 17) }},
	86:  {Name: "sk_release", Args: 1, Call: releaseSocket},
	95:  {Name: "sk_fullsock", Args: 1, Call: sameSocket},
	98:  {Name: "get_listener_sock", Args: 1, Call: listener},
	99:  {Name: "skc_lookup_tcp", Args: 5, Call: func(m *Machine, a *[5]uint64) (uint64, Fault) { return findSocket(m, a, 6) }},
	122: {Name: "get_netns_cookie", Args: 1, Call: func(m *Machine, _ *[5]uint64) (uint64, Fault) { return m.Env.Netns, Fault{} }},
	124: {Name: "sk_assign", Args: 3, Call: assignSocket},
}

// socketAt is the socket at a guest address, or nil.
func (m *Machine) socketAt(addr uint64) *Socket {
	off := addr - uint64(m.kernel()+socksAt)
	if off%sockStride != 0 || off/sockStride >= uint64(m.socks) {
		return nil
	}
	return m.found[off/sockStride]
}

// sockArg finds the socket of a helper's argument: one that was found, or the context's.
func (m *Machine) sockArg(addr uint64) *Socket {
	if addr == m.R1 {
		return m.Env.Socket
	}
	return m.socketAt(addr)
}

// socketCookie is bpf_get_socket_cookie(ctx or socket): 0 where there is none.
func socketCookie(m *Machine, a *[5]uint64) (uint64, Fault) {
	if s := m.sockArg(a[0]); s != nil {
		return s.Cookie, Fault{}
	}
	return 0, Fault{}
}

// socketUID is bpf_get_socket_uid(skb). Nobody owns what has no socket.
func socketUID(m *Machine, a *[5]uint64) (uint64, Fault) {
	const overflow = 65534
	if s := m.sockArg(a[0]); s != nil {
		return uint64(s.UID), Fault{}
	}
	return overflow, Fault{}
}

// findSocket is bpf_sk_lookup_tcp and its kin(ctx, tuple, tuple_size, netns, flags): a
// connected socket, or else one that listens; 0 if there is none. Only the namespace of the
// program is simulated.
func findSocket(m *Machine, a *[5]uint64, protocol uint32) (uint64, Fault) {
	const size4, size6 = 12, 36
	if a[0] != m.R1 {
		return 0, Fault{Kind: FaultHelper, Addr: a[0]}
	}
	t, f := m.Bytes(a[1], uint32(a[2]), mem.Read)
	if f.Kind != NoFault {
		return 0, f
	}
	own := int32(a[3]) < 0 || a[3] == 0
	if len(t) != size4 && len(t) != size6 || a[4] != 0 || !own {
		return 0, Fault{}
	}
	n := (len(t) - 4) / 2
	remote, _ := netip.AddrFromSlice(t[:n])
	local, _ := netip.AddrFromSlice(t[n : 2*n])
	port := func(b []byte) uint16 { return uint16(b[0])<<8 | uint16(b[1]) }
	return m.matching(protocol, netip.AddrPortFrom(remote, port(t[2*n:])), netip.AddrPortFrom(local, port(t[2*n+2:]))), Fault{}
}

// matching lays out the socket that a packet from remote to local belongs to.
func (m *Machine) matching(protocol uint32, remote, local netip.AddrPort) uint64 {
	var listens *Socket
	for i := range m.Env.Sockets {
		s := &m.Env.Sockets[i]
		if s.Protocol != protocol || s.Local.Port() != local.Port() || !s.Local.Addr().IsUnspecified() && s.Local.Addr() != local.Addr() {
			continue
		}
		switch {
		case s.Remote == remote:
			return m.putSocket(s)
		case !s.Remote.IsValid() && listens == nil:
			listens = s
		}
	}
	if listens == nil {
		return 0
	}
	return m.putSocket(listens)
}

// releaseSocket is bpf_sk_release(sock).
func releaseSocket(m *Machine, a *[5]uint64) (uint64, Fault) {
	if m.socketAt(a[0]) == nil {
		return 0, Fault{Kind: FaultHelper, Addr: a[0]}
	}
	return 0, Fault{}
}

// sameSocket is bpf_sk_fullsock(sk): all sockets here are whole.
func sameSocket(m *Machine, a *[5]uint64) (uint64, Fault) {
	if m.socketAt(a[0]) == nil {
		return 0, Fault{Kind: FaultHelper, Addr: a[0]}
	}
	return a[0], Fault{}
}

// listener is bpf_get_listener_sock(sk): the socket itself if it listens.
func listener(m *Machine, a *[5]uint64) (uint64, Fault) {
	s := m.socketAt(a[0])
	switch {
	case s == nil:
		return 0, Fault{Kind: FaultHelper, Addr: a[0]}
	case s.Protocol == 6 && !s.Remote.IsValid():
		return a[0], Fault{}
	}
	return 0, Fault{}
}

// assignSocket is bpf_sk_assign(ctx, sk, flags), of sched_cls and of sk_lookup programs.
func assignSocket(m *Machine, a *[5]uint64) (uint64, Fault) {
	const replace, noReuseport = 1, 2
	if a[0] != m.R1 {
		return 0, Fault{Kind: FaultHelper, Addr: a[0]}
	}
	lookup := m.hook.Type == hook.SKLookup
	known := uint64(0)
	if lookup {
		known = replace | noReuseport
	}
	s := m.socketAt(a[1])
	switch {
	case s == nil && !(lookup && a[1] == 0):
		return 0, Fault{Kind: FaultHelper, Addr: a[1]}
	case a[2]&^known != 0:
		return Errno(maps.EINVAL), Fault{}
	case lookup && a[2]&replace == 0 && m.assigned:
		return Errno(maps.EEXIST), Fault{}
	}
	m.assigned = s != nil
	cookie := uint64(0)
	if s != nil {
		cookie = s.Cookie
	}
	if lookup {
		m.setContext(0, 8, a[1])
	}
	m.emit(Event{Kind: Assign, Map: -1, Index: cookie, Flags: a[2]})
	return 0, Fault{}
}

// selectReuseport is bpf_sk_select_reuseport(reuse, map, key, flags).
func selectReuseport(m *Machine, a *[5]uint64) (uint64, Fault) {
	x := m.World.MapAt(a[1])
	sockets, ok := x.(maps.Sockets)
	if !ok || a[0] != m.R1 {
		return 0, Fault{Kind: FaultHelper, Addr: a[1]}
	}
	key, f := m.Bytes(a[2], x.Spec().KeySize, mem.Read)
	if f.Kind != NoFault {
		return 0, f
	}
	if a[3] != 0 {
		return Errno(maps.EINVAL), Fault{}
	}
	n, ok := sockets.Socket(key)
	if !ok {
		return Errno(maps.ENOENT), Fault{}
	}
	m.emit(Event{Kind: Assign, Map: m.World.mapNumber(a[1]), Index: uint64(n)})
	return 0, Fault{}
}

// msgRedirectMap is bpf_msg_redirect_map(msg, map, key, flags).
func msgRedirectMap(m *Machine, a *[5]uint64) (uint64, Fault) {
	x, f := msgArg(m, a, maps.SockMap)
	if f.Kind != NoFault {
		return 0, f
	}
	key := make([]byte, 4)
	m.Mem.Order.Binary().PutUint32(key, uint32(a[2]))
	return m.redirect(x, key, a[3], Event{Map: m.World.mapNumber(a[1]), Index: uint64(uint32(a[2]))})
}

// msgRedirectHash is bpf_msg_redirect_hash(msg, map, key, flags).
func msgRedirectHash(m *Machine, a *[5]uint64) (uint64, Fault) {
	x, f := msgArg(m, a, maps.SockHash)
	if f.Kind != NoFault {
		return 0, f
	}
	key, f := m.Bytes(a[2], m.World.MapAt(a[1]).Spec().KeySize, mem.Read)
	if f.Kind != NoFault {
		return 0, f
	}
	return m.redirect(x, key, a[3], Event{Map: m.World.mapNumber(a[1]), Data: append([]byte(nil), key...)})
}

func msgArg(m *Machine, a *[5]uint64, want maps.Type) (maps.Sockets, Fault) {
	if m.hook.Type != hook.SKMsg || a[0] != m.R1 {
		return nil, Fault{Kind: FaultHelper, Addr: a[0]}
	}
	x := m.World.MapAt(a[1])
	if x == nil || x.Spec().Type != want {
		return nil, Fault{Kind: FaultHelper, Addr: a[1]}
	}
	return x.(maps.Sockets), Fault{}
}

// msgBytes is bpf_msg_apply_bytes and bpf_msg_cork_bytes(msg, bytes): messages here are
// judged one by one and whole.
func msgBytes(m *Machine, a *[5]uint64) (uint64, Fault) {
	if m.hook.Type != hook.SKMsg || a[0] != m.R1 {
		return 0, Fault{Kind: FaultHelper, Addr: a[0]}
	}
	return 0, Fault{}
}

// msgPull is bpf_msg_pull_data(msg, start, end, flags): data becomes what is between.
func msgPull(m *Machine, a *[5]uint64) (uint64, Fault) {
	if m.hook.Type != hook.SKMsg || a[0] != m.R1 {
		return 0, Fault{Kind: FaultHelper, Addr: a[0]}
	}
	start, end := uint32(a[1]), uint32(a[2])
	if a[3] != 0 || end <= start || end > m.packet.size {
		return Errno(maps.EINVAL), Fault{}
	}
	m.setContext(0, 8, uint64(m.packet.base+start))
	m.setContext(8, 8, uint64(m.packet.base+end))
	return 0, Fault{}
}
