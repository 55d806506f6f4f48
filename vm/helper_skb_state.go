package vm

import (
	"hash/fnv"

	"github.com/lockstep-ebpf/lockstep/vm/hook"
	"github.com/lockstep-ebpf/lockstep/vm/maps"
)

// Helpers about a socket buffer beside its packet (Linux's net/core/filter.c).
var skbStateHelpers = map[int32]*Helper{
	17:  {Name: "get_cgroup_classid", Call: func(m *Machine, _ *[5]uint64) (uint64, Fault) { return uint64(m.Env.Classid), Fault{} }},
	24:  {Name: "get_route_realm", Args: 1, Call: func(m *Machine, _ *[5]uint64) (uint64, Fault) { return uint64(m.Env.Realm), Fault{} }},
	32:  {Name: "skb_change_type", Args: 2, Call: skbChangeType},
	34:  {Name: "get_hash_recalc", Args: 1, Call: hashRecalc},
	41:  {Name: "set_hash_invalid", Args: 1, Call: func(m *Machine, a *[5]uint64) (uint64, Fault) { return setHash(m, a, 0) }},
	48:  {Name: "set_hash", Args: 2, Call: func(m *Machine, a *[5]uint64) (uint64, Fault) { return setHash(m, a, a[1]) }},
	79:  {Name: "skb_cgroup_id", Args: 1, Call: func(m *Machine, _ *[5]uint64) (uint64, Fault) { return m.cgroup(-1), Fault{} }},
	83:  {Name: "skb_ancestor_cgroup_id", Args: 2, Call: func(m *Machine, a *[5]uint64) (uint64, Fault) { return m.cgroup(int(int32(a[1]))), Fault{} }},
	97:  {Name: "skb_ecn_set_ce", Args: 1, Call: setCongestion},
	192: {Name: "skb_set_tstamp", Args: 3, Call: setTimestamp},
}

// skbState is what the context does not show of a socket buffer.
type skbState struct {
	network      uint32 // offset of the network header
	checksum     int    // how many checksums are known to be right, less one; or noChecksum
	encapsulated bool   // bpf_skb_adjust_room made room for an outer header
	tunnel       *tunnelKey
	options      []byte // of the tunnel
}

// skbChangeType is bpf_skb_change_type(skb, type), between PACKET_HOST and PACKET_OTHERHOST.
func skbChangeType(m *Machine, a *[5]uint64) (uint64, Fault) {
	const otherHost = 3
	if f := skbArg(m, a); f.Kind != NoFault {
		return 0, f
	}
	if m.contextField(hook.SkbPktType) > otherHost || uint32(a[1]) > otherHost {
		return Errno(maps.EINVAL), Fault{}
	}
	m.setContext(hook.SkbPktType, 4, uint64(uint32(a[1])))
	return 0, Fault{}
}

// hashRecalc is bpf_get_hash_recalc(skb). Linux hashes the flow with a key of its own; here
// it is the packet's first bytes, up to the ports.
func hashRecalc(m *Machine, a *[5]uint64) (uint64, Fault) {
	if f := skbArg(m, a); f.Kind != NoFault {
		return 0, f
	}
	if h := m.contextField(hook.SkbHash); h != 0 {
		return uint64(h), Fault{}
	}
	h := fnv.New32a()
	if b, ok := m.Packet(0, min(m.packet.size, 54)); ok {
		h.Write(b)
	}
	m.setContext(hook.SkbHash, 4, uint64(h.Sum32()))
	return uint64(h.Sum32()), Fault{}
}

func setHash(m *Machine, a *[5]uint64, v uint64) (uint64, Fault) {
	if f := skbArg(m, a); f.Kind != NoFault {
		return 0, f
	}
	m.setContext(hook.SkbHash, 4, v)
	return 0, Fault{}
}

// setCongestion is bpf_skb_ecn_set_ce(skb): 1 if the network header says now that there was
// congestion (RFC 3168), 0 if the flow knows nothing of such marks.
func setCongestion(m *Machine, a *[5]uint64) (uint64, Fault) {
	if f := skbArg(m, a); f.Kind != NoFault {
		return 0, f
	}
	const mask, congested = 3, 3
	switch m.protocol() {
	case protoIPv4:
		h, ok := m.Packet(int64(m.skb.network), headerIPv4)
		if !ok || h[1]&mask == 0 {
			return 0, Fault{}
		}
		if old := h[1]; old&mask != congested {
			h[1] |= congested
			sum := m.Mem.Order.Binary().Uint16(h[10:])
			was, is := m.htons(uint16(h[0])<<8|uint16(old)), m.htons(uint16(h[0])<<8|uint16(h[1]))
			m.Mem.Order.Binary().PutUint16(h[10:], replace16(sum, uint16(was), uint16(is)))
		}
		return 1, Fault{}
	case protoIPv6:
		h, ok := m.Packet(int64(m.skb.network), headerIPv6)
		if !ok || h[1]>>4&mask == 0 {
			return 0, Fault{}
		}
		h[1] |= congested << 4
		return 1, Fault{}
	}
	return 0, Fault{}
}

// setTimestamp is bpf_skb_set_tstamp(skb, tstamp, type). The type is a clock: of real time,
// monotonic or TAI; of the last two there is no time 0.
func setTimestamp(m *Machine, a *[5]uint64) (uint64, Fault) {
	const realtime, tai = 0, 2
	if f := skbArg(m, a); f.Kind != NoFault {
		return 0, f
	}
	if p := m.protocol(); p != protoIPv4 && p != protoIPv6 {
		return Errno(maps.EOPNOTSUPP), Fault{}
	}
	if typ := uint32(a[2]); typ > tai || typ != realtime && a[1] == 0 {
		return Errno(maps.EINVAL), Fault{}
	}
	m.setContext(hook.SkbTstamp, 8, a[1])
	return 0, Fault{}
}
