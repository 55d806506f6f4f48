package vm

import (
	"encoding/binary"
	"net/netip"

	"github.com/lockstep-ebpf/lockstep/vm/hook"
	"github.com/lockstep-ebpf/lockstep/vm/maps"
	"github.com/lockstep-ebpf/lockstep/vm/mem"
)

// Routing (Linux's bpf_ipv4_fib_lookup and bpf_ipv6_fib_lookup in net/core/filter.c), by a
// table of Env's.
var fibHelpers = map[int32]*Helper{
	69:  {Name: "fib_lookup", Args: 4, Call: fibLookup},
	163: {Name: "check_mtu", Args: 5, Call: checkMTU},
}

// struct bpf_fib_lookup: offsets of its fields.
const (
	fibSize    = 64
	fibLength  = 6
	fibIfindex = 8
	fibMetric  = 12
	fibSource  = 16
	fibDest    = 32
	fibVLAN    = 48
	fibSMAC    = 52
	fibDMAC    = 58

	fibKnown = 0x3f // flags up to BPF_FIB_LOOKUP_MARK
	fibSrc   = 1 << 4
	fibSkip  = 1 << 2 // leave neighbours out
)

// What a lookup returns (BPF_FIB_LKUP_RET_*).
const (
	fibNotForwarded = 4
	fibNeedsFrag    = 8
)

// fibLookup is bpf_fib_lookup(ctx, params, plen, flags).
func fibLookup(m *Machine, a *[5]uint64) (uint64, Fault) {
	if c := m.hook.Context; c != hook.XdpMD && c != hook.SkBuff || a[0] != m.R1 {
		return 0, Fault{Kind: FaultHelper, Addr: a[0]}
	}
	p, f := m.Bytes(a[1], uint32(a[2]), mem.RW)
	if f.Kind != NoFault {
		return 0, f
	}
	if len(p) < fibSize || uint32(a[3])&^fibKnown != 0 {
		return Errno(maps.EINVAL), Fault{}
	}
	o := m.Mem.Order.Binary()
	var dst netip.Addr
	switch p[0] {
	case afInet:
		dst = netip.AddrFrom4([4]byte(p[fibDest:]))
	case afInet6:
		dst = netip.AddrFrom16([16]byte(p[fibDest:]))
	default:
		return Errno(maps.EAFNOSUPPORT), Fault{}
	}
	if !m.Env.device(o.Uint32(p[fibIfindex:])) {
		return Errno(maps.ENODEV), Fault{}
	}
	r := m.Env.route(dst)
	if r == nil {
		return fibNotForwarded, Fault{}
	}
	return r.fill(p, uint32(a[3]), o), Fault{}
}

// route is the one with the longest prefix that an address matches.
func (e *Env) route(dst netip.Addr) (best *Route) {
	for i := range e.Routes {
		r := &e.Routes[i]
		if r.Prefix.Contains(dst) && (best == nil || r.Prefix.Bits() > best.Prefix.Bits()) {
			best = r
		}
	}
	return best
}

// fill writes what the program learns of the route.
func (r *Route) fill(p []byte, flags uint32, o binary.ByteOrder) uint64 {
	if r.Code != 0 {
		return uint64(r.Code)
	}
	if length := o.Uint16(p[fibLength:]); r.MTU != 0 && length > r.MTU {
		o.PutUint16(p[fibLength:], r.MTU)
		return fibNeedsFrag
	}
	o.PutUint16(p[fibLength:], r.MTU)
	o.PutUint32(p[fibIfindex:], r.Ifindex)
	o.PutUint32(p[fibMetric:], 0)
	if g := r.Gateway; g.IsValid() {
		clear(p[fibDest:][:16])
		copy(p[fibDest:], g.AsSlice())
		p[0] = afInet
		if g.Is6() {
			p[0] = afInet6
		}
	}
	if flags&fibSkip == 0 {
		copy(p[fibSMAC:], r.SMAC[:])
		copy(p[fibDMAC:], r.DMAC[:])
	}
	clear(p[fibVLAN:][:4])
	return 0
}

// checkMTU is bpf_check_mtu(ctx, ifindex, mtu_len, len_diff, flags), of the loopback device's
// MTU. A segmented packet is not simulated.
func checkMTU(m *Machine, a *[5]uint64) (uint64, Fault) {
	const mtu, tooLong, segments = 65536, 1, 1
	p, f := m.Bytes(a[2], 4, mem.RW)
	if f.Kind != NoFault {
		return 0, f
	}
	index := uint32(a[1])
	switch {
	case a[4]&^segments != 0, m.hook.Context == hook.XdpMD && a[4] != 0:
		return Errno(maps.EINVAL), Fault{}
	case index != 0 && !m.Env.device(index):
		return Errno(maps.ENODEV), Fault{}
	}
	o := m.Mem.Order.Binary()
	size := int64(m.packet.size) - int64(m.macLength())
	if n := o.Uint32(p); n != 0 {
		size = int64(n)
	}
	o.PutUint32(p, mtu)
	if size+int64(int32(a[3])) > mtu {
		return tooLong, Fault{}
	}
	return 0, Fault{}
}
