package vm

import (
	"bytes"

	"github.com/lockstep-ebpf/lockstep/vm/hook"
	"github.com/lockstep-ebpf/lockstep/vm/maps"
	"github.com/lockstep-ebpf/lockstep/vm/mem"
)

// Helpers that send packets to a device (Linux's net/core/filter.c). The program has to
// return what they return.
var redirectHelpers = map[int32]*Helper{
	13:  {Name: "clone_redirect", Args: 3, Call: cloneRedirect},
	23:  {Name: "redirect", Args: 2, Call: redirectDevice},
	152: {Name: "redirect_neigh", Args: 4, Call: redirectNeighbour},
	155: {Name: "redirect_peer", Args: 2, Call: redirectPeer},
}

// What sched_cls programs return.
const (
	actShot     = 2
	actRedirect = 7
)

// redirectDevice is bpf_redirect(ifindex, flags). The device is looked for when the program
// has returned.
func redirectDevice(m *Machine, a *[5]uint64) (uint64, Fault) {
	refused, granted, known := uint64(actShot), uint64(actRedirect), uint64(ingress)
	switch m.hook.Context {
	case hook.XdpMD:
		refused, granted, known = xdpAborted, xdpRedirect, 0
	case hook.SkBuff:
	default:
		return 0, Fault{Kind: FaultHelper, Addr: a[0]}
	}
	if a[1]&^known != 0 {
		return refused, Fault{}
	}
	m.emit(Event{Kind: Redirect, Map: -1, Index: uint64(uint32(a[0])), Flags: a[1]})
	return granted, Fault{}
}

// redirectPeer is bpf_redirect_peer(ifindex, flags): to the other end of a veth pair.
func redirectPeer(m *Machine, a *[5]uint64) (uint64, Fault) {
	return toDevice(m, a[0], a[1])
}

func toDevice(m *Machine, index, flags uint64) (uint64, Fault) {
	switch {
	case m.hook.Context != hook.SkBuff:
		return 0, Fault{Kind: FaultHelper, Addr: index}
	case flags != 0:
		return actShot, Fault{}
	}
	m.emit(Event{Kind: Redirect, Map: -1, Index: uint64(uint32(index))})
	return actRedirect, Fault{}
}

// redirectNeighbour is bpf_redirect_neigh(ifindex, params, plen, flags). The next hop, if it
// is given, is the event's data.
func redirectNeighbour(m *Machine, a *[5]uint64) (uint64, Fault) {
	const least = 20 // struct bpf_redir_neigh
	n := uint32(a[2])
	if n == 0 {
		return toDevice(m, a[0], a[3])
	}
	hop, f := m.Bytes(a[1], n, mem.Read)
	if f.Kind != NoFault {
		return 0, f
	}
	if n < least {
		return actShot, Fault{}
	}
	r0, f := toDevice(m, a[0], a[3])
	if r0 == actRedirect {
		m.Events[len(m.Events)-1].Data = bytes.Clone(hop)
	}
	return r0, f
}

// cloneRedirect is bpf_clone_redirect(skb, ifindex, flags): the copy leaves at once.
func cloneRedirect(m *Machine, a *[5]uint64) (uint64, Fault) {
	if f := skbArg(m, a); f.Kind != NoFault {
		return 0, f
	}
	if a[2]&^ingress != 0 || !m.Env.device(uint32(a[1])) {
		return Errno(maps.EINVAL), Fault{}
	}
	b := m.blob(m.packet, nil)
	m.emit(Event{Kind: Clone, Map: -1, Index: uint64(uint32(a[1])), Flags: a[2], Data: b.Data, Undef: b.Undef})
	return 0, Fault{}
}
