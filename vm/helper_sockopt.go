package vm

import (
	"bytes"

	"github.com/lockstep-ebpf/lockstep/vm/hook"
	"github.com/lockstep-ebpf/lockstep/vm/maps"
	"github.com/lockstep-ebpf/lockstep/vm/mem"
)

// Options of sockets, and results of system calls (Linux's net/core/filter.c,
// kernel/bpf/cgroup.c).
var sockOptionHelpers = map[int32]*Helper{
	49:  {Name: "setsockopt", Args: 5, Call: setOption},
	57:  {Name: "getsockopt", Args: 5, Call: getOption},
	59:  {Name: "sock_ops_cb_flags_set", Args: 2, Call: setCallbacks},
	64:  {Name: "bind", Args: 3, Call: bindSocket},
	186: {Name: "get_retval", Call: func(m *Machine, _ *[5]uint64) (uint64, Fault) { return uint64(int64(m.retval)), Fault{} }},
	187: {Name: "set_retval", Args: 1, Call: setRetval},
}

// optionKey is an option's name in Socket.Options.
func optionKey(a *[5]uint64) [2]uint32 { return [2]uint32{uint32(a[1]), uint32(a[2])} }

// setOption is bpf_setsockopt(ctx or socket, level, optname, optval, optlen). An event's
// socket keeps the value; without one only the event says so.
func setOption(m *Machine, a *[5]uint64) (uint64, Fault) {
	value, f := m.Bytes(a[3], uint32(a[4]), mem.Read)
	if f.Kind != NoFault {
		return 0, f
	}
	if s := m.sockArg(a[0]); s != nil {
		if s.Options == nil {
			s.Options = map[[2]uint32][]byte{}
		}
		s.Options[optionKey(a)] = bytes.Clone(value)
	}
	m.emit(Event{Kind: Option, Map: -1, Index: join(uint32(a[1]), uint32(a[2])), Data: bytes.Clone(value)})
	return 0, Fault{}
}

// getOption is bpf_getsockopt(ctx or socket, level, optname, optval, optlen): what was set,
// or zeros and -EINVAL.
func getOption(m *Machine, a *[5]uint64) (uint64, Fault) {
	to, f := m.Bytes(a[3], uint32(a[4]), mem.Write)
	if f.Kind != NoFault {
		return 0, f
	}
	clear(to)
	m.define(a[3], to)
	if s := m.sockArg(a[0]); s != nil {
		if v, ok := s.Options[optionKey(a)]; ok {
			copy(to, v)
			return 0, Fault{}
		}
	}
	return Errno(maps.EINVAL), Fault{}
}

// setCallbacks is bpf_sock_ops_cb_flags_set(bpf_sock, argval): -EINVAL if it is no full
// socket; else the flags that Linux does not know.
func setCallbacks(m *Machine, a *[5]uint64) (uint64, Fault) {
	const fullsock, flags, known = 72, 84, 0x7f
	if m.hook.Type != hook.SockOps || a[0] != m.R1 {
		return 0, Fault{Kind: FaultHelper, Addr: a[0]}
	}
	if m.contextField(fullsock) == 0 {
		return Errno(maps.EINVAL), Fault{}
	}
	m.setContext(flags, 4, a[1]&known)
	return uint64(uint32(a[1])) &^ known, Fault{}
}

// bindSocket is bpf_bind(ctx, addr, addr_len): to an address of IPv4 or IPv6, with any port.
func bindSocket(m *Machine, a *[5]uint64) (uint64, Fault) {
	const size4, size6 = 16, 24 // struct sockaddr_in, SIN6_LEN_RFC2133
	b, f := m.Bytes(a[1], uint32(a[2]), mem.Read)
	if f.Kind != NoFault {
		return 0, f
	}
	if len(b) < 2 {
		return Errno(maps.EINVAL), Fault{}
	}
	switch family := m.Mem.Order.Binary().Uint16(b); {
	case family != afInet && family != afInet6:
		return Errno(maps.EAFNOSUPPORT), Fault{}
	case family == afInet && len(b) < size4, family == afInet6 && len(b) < size6:
		return Errno(maps.EINVAL), Fault{}
	}
	m.emit(Event{Kind: Option, Map: -1, Data: bytes.Clone(b)})
	return 0, Fault{}
}

// setRetval is bpf_set_retval(retval): what the system call returns.
func setRetval(m *Machine, a *[5]uint64) (uint64, Fault) {
	m.retval = int32(a[0])
	return 0, Fault{}
}
