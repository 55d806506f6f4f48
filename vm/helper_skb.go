package vm

import (
	"math"

	"github.com/lockstep-ebpf/lockstep/vm/hook"
	"github.com/lockstep-ebpf/lockstep/vm/maps"
	"github.com/lockstep-ebpf/lockstep/vm/mem"
)

// Helpers that read and write the packet of a socket buffer (Linux's net/core/filter.c).
var skbHelpers = map[int32]*Helper{
	9:  {Name: "skb_store_bytes", Args: 5, Call: skbStoreBytes},
	26: {Name: "skb_load_bytes", Args: 4, Call: skbLoadBytes},
	39: {Name: "skb_pull_data", Args: 2, Call: skbPullData},
	68: {Name: "skb_load_bytes_relative", Args: 5, Call: skbLoadRelative},
}

// skbArg checks what a verifier would: the first argument is the context, a socket buffer.
func skbArg(m *Machine, a *[5]uint64) Fault {
	if m.hook.Context != hook.SkBuff || a[0] != m.R1 {
		return Fault{Kind: FaultHelper, Addr: a[0]}
	}
	return Fault{}
}

// within finds n bytes of the packet at an offset for a helper that changes them. An
// offset has at most 31 bits.
func (m *Machine) within(off uint64, n uint32) ([]byte, bool) {
	if uint32(off) > math.MaxInt32 {
		return nil, false
	}
	return m.Packet(int64(uint32(off)), n)
}

// skbStoreBytes is bpf_skb_store_bytes(skb, offset, from, len, flags).
func skbStoreBytes(m *Machine, a *[5]uint64) (uint64, Fault) {
	const recomputeChecksum, invalidateHash = 1, 2
	if f := skbArg(m, a); f.Kind != NoFault {
		return 0, f
	}
	from, f := m.Bytes(a[2], uint32(a[3]), mem.Read)
	if f.Kind != NoFault {
		return 0, f
	}
	if a[4]&^(recomputeChecksum|invalidateHash) != 0 {
		return Errno(maps.EINVAL), Fault{}
	}
	to, ok := m.within(a[1], uint32(len(from)))
	if !ok {
		return Errno(maps.EFAULT), Fault{}
	}
	copy(to, from)
	m.define(uint64(m.packet.base)+uint64(uint32(a[1])), to)
	if a[4]&invalidateHash != 0 {
		m.setContext(hook.SkbHash, 4, 0)
	}
	return 0, Fault{}
}

// skbPullData is bpf_skb_pull_data(skb, len): packets here lie in one piece already.
func skbPullData(m *Machine, a *[5]uint64) (uint64, Fault) {
	if f := skbArg(m, a); f.Kind != NoFault {
		return 0, f
	}
	if uint32(a[1]) > m.packet.size {
		return Errno(maps.ENOMEM), Fault{}
	}
	return 0, Fault{}
}

// skbLoadRelative is bpf_skb_load_bytes_relative(skb, offset, to, len, start_header): from the
// MAC header, which only some types' packets have, or from the network header.
func skbLoadRelative(m *Machine, a *[5]uint64) (uint64, Fault) {
	const fromMAC, fromNetwork = 0, 1
	at := *a
	switch {
	case uint32(a[1]) > math.MaxInt32, uint32(a[4]) > fromNetwork, uint32(a[4]) == fromMAC && !m.hook.MAC:
		at[1] = 1 << 31
	case uint32(a[4]) == fromNetwork:
		at[1] = uint64(uint32(a[1]) + m.skb.network)
	}
	return skbLoadBytes(m, &at)
}

// skbLoadBytes is bpf_skb_load_bytes(skb, offset, to, len): it copies part of the packet,
// or clears the destination and gives -EFAULT where the packet ends before.
func skbLoadBytes(m *Machine, a *[5]uint64) (uint64, Fault) {
	if f := skbArg(m, a); f.Kind != NoFault {
		return 0, f
	}
	n := uint32(a[3])
	if n == 0 { // a verifier wants to know that it is not
		return 0, Fault{Kind: FaultHelper, Addr: a[3]}
	}
	to, f := m.Bytes(a[2], n, mem.Write)
	if f.Kind != NoFault {
		return 0, f
	}
	status := Errno(maps.EFAULT)
	clear(to)
	if part, ok := m.within(a[1], n); ok {
		copy(to, part)
		status = 0
	}
	m.define(a[2], to)
	return status, Fault{}
}
