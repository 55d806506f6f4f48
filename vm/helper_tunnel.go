package vm

import (
	"bytes"
	"encoding/binary"

	"github.com/lockstep-ebpf/lockstep/vm/maps"
	"github.com/lockstep-ebpf/lockstep/vm/mem"
)

// Metadata of tunnels (Linux's net/core/filter.c).
var tunnelHelpers = map[int32]*Helper{
	20: {Name: "skb_get_tunnel_key", Args: 4, Call: getTunnelKey},
	21: {Name: "skb_set_tunnel_key", Args: 4, Call: setTunnelKey},
	29: {Name: "skb_get_tunnel_opt", Args: 3, Call: getTunnelOption},
	30: {Name: "skb_set_tunnel_opt", Args: 3, Call: setTunnelOption},
}

// tunnelKey is what a packet is to be, or was, wrapped in.
type tunnelKey struct {
	id       uint32
	src, dst [16]byte // of IPv4 the first four
	tos, ttl byte
	label    uint32
	flags    uint16 // IP_TUNNEL_*
	ipv6     bool
}

// struct bpf_tunnel_key: its size, the sizes that it had before, offsets.
const (
	tunnelSize   = 44
	tunnelRemote = 4
	tunnelTOS    = 20
	tunnelTTL    = 21
	tunnelExt    = 22
	tunnelLabel  = 24
	tunnelLocal  = 28
	tunnelIPv6   = 1      // of a call's flags
	tunnelFlags  = 1 << 4 // the same: give the tunnel's flags
)

// A tunnel's flags (IP_TUNNEL_*_BIT in include/uapi/linux/if_tunnel.h).
const (
	flagChecksum     = 1 << 0
	flagKey          = 1 << 2
	flagSequence     = 1 << 3
	flagDontFragment = 1 << 8
	flagNoCache      = 1 << 13
)

func oldTunnelSize(n uint32) bool {
	return n == tunnelLocal || n == tunnelLabel || n == tunnelExt || n == tunnelRemote+4
}

// setTunnelKey is bpf_skb_set_tunnel_key(skb, key, size, flags).
func setTunnelKey(m *Machine, a *[5]uint64) (uint64, Fault) {
	const known = 0x1f
	if f := skbArg(m, a); f.Kind != NoFault {
		return 0, f
	}
	b, f := m.Bytes(a[1], uint32(a[2]), mem.Read)
	if f.Kind != NoFault {
		return 0, f
	}
	if a[3]&^known != 0 || len(b) != tunnelSize && !oldTunnelSize(uint32(len(b))) {
		return Errno(maps.EINVAL), Fault{}
	}
	b = append(bytes.Clone(b), make([]byte, tunnelSize-len(b))...)
	o := m.Mem.Order.Binary()
	k := &tunnelKey{id: o.Uint32(b), tos: b[tunnelTOS], ttl: b[tunnelTTL], ipv6: a[3]&tunnelIPv6 != 0}
	label := o.Uint32(b[tunnelLabel:])
	if !k.ipv6 && label != 0 || o.Uint16(b[tunnelExt:]) != 0 {
		return Errno(maps.EINVAL), Fault{}
	}
	n := 4
	if k.ipv6 {
		n, k.label = 16, label&0xfffff
	}
	// Addresses of IPv4 are numbers, those of IPv6 bytes: both are kept as they are.
	copy(k.dst[:n], b[tunnelRemote:])
	copy(k.src[:n], b[tunnelLocal:])
	k.flags = flagKey | flagChecksum | flagNoCache
	for bit, set := range map[uint64]uint16{1 << 2: flagDontFragment, 1 << 3: flagSequence} {
		if a[3]&bit != 0 {
			k.flags |= set
		}
	}
	for bit, clear := range map[uint64]uint16{1 << 1: flagChecksum, 1 << 4: flagKey} {
		if a[3]&bit != 0 {
			k.flags &^= clear
		}
	}
	m.skb.tunnel, m.skb.options = k, nil
	return 0, Fault{}
}

// getTunnelKey is bpf_skb_get_tunnel_key(skb, key, size, flags). The remote end of a packet
// is where it came from.
func getTunnelKey(m *Machine, a *[5]uint64) (uint64, Fault) {
	const known = tunnelIPv6 | tunnelFlags
	if f := skbArg(m, a); f.Kind != NoFault {
		return 0, f
	}
	to, f := m.Bytes(a[1], uint32(a[2]), mem.Write)
	if f.Kind != NoFault {
		return 0, f
	}
	clear(to)
	m.define(a[1], to)
	k := m.skb.tunnel
	switch {
	case k == nil, a[3]&^known != 0:
		return Errno(maps.EINVAL), Fault{}
	case k.ipv6 != (a[3]&tunnelIPv6 != 0):
		return Errno(maps.EPROTO), Fault{}
	case len(to) != tunnelSize && !oldTunnelSize(uint32(len(to))):
		return Errno(maps.EINVAL), Fault{}
	}
	var b [tunnelSize]byte
	o := m.Mem.Order.Binary()
	o.PutUint32(b[:], k.id)
	copy(b[tunnelRemote:], k.src[:])
	b[tunnelTOS], b[tunnelTTL] = k.tos, k.ttl
	if a[3]&tunnelFlags != 0 {
		binary.BigEndian.PutUint16(b[tunnelExt:], k.flags)
	}
	o.PutUint32(b[tunnelLabel:], k.label)
	copy(b[tunnelLocal:], k.dst[:])
	copy(to, b[:])
	return 0, Fault{}
}

// setTunnelOption is bpf_skb_set_tunnel_opt(skb, opt, size).
func setTunnelOption(m *Machine, a *[5]uint64) (uint64, Fault) {
	const most = 255
	if f := skbArg(m, a); f.Kind != NoFault {
		return 0, f
	}
	b, f := m.Bytes(a[1], uint32(a[2]), mem.Read)
	if f.Kind != NoFault {
		return 0, f
	}
	switch {
	case m.skb.tunnel == nil, len(b)%4 != 0:
		return Errno(maps.EINVAL), Fault{}
	case len(b) > most:
		return Errno(maps.ENOMEM), Fault{}
	}
	m.skb.options = bytes.Clone(b)
	return 0, Fault{}
}

// getTunnelOption is bpf_skb_get_tunnel_opt(skb, opt, size). It returns the length.
func getTunnelOption(m *Machine, a *[5]uint64) (uint64, Fault) {
	if f := skbArg(m, a); f.Kind != NoFault {
		return 0, f
	}
	to, f := m.Bytes(a[1], uint32(a[2]), mem.Write)
	if f.Kind != NoFault {
		return 0, f
	}
	clear(to)
	m.define(a[1], to)
	switch {
	case m.skb.tunnel == nil, m.skb.options == nil:
		return Errno(maps.ENOENT), Fault{}
	case len(to) < len(m.skb.options):
		return Errno(maps.ENOMEM), Fault{}
	}
	return uint64(copy(to, m.skb.options)), Fault{}
}
