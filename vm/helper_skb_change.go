package vm

import (
	"encoding/binary"

	"github.com/lockstep-ebpf/lockstep/vm/hook"
	"github.com/lockstep-ebpf/lockstep/vm/maps"
)

// Helpers that give a socket buffer's packet another length (Linux's net/core/filter.c).
var skbChangeHelpers = map[int32]*Helper{
	18: {Name: "skb_vlan_push", Args: 3, Call: vlanPush},
	19: {Name: "skb_vlan_pop", Args: 1, Call: vlanPop},
	31: {Name: "skb_change_proto", Args: 3, Call: skbChangeProto},
	38: {Name: "skb_change_tail", Args: 3, Call: skbChangeTail},
	43: {Name: "skb_change_head", Args: 3, Call: skbChangeHead},
	50: {Name: "skb_adjust_room", Args: 4, Call: skbAdjustRoom},
}

// What a device takes, and what one allocation holds (SKB_MAX_ALLOC), in bytes.
const (
	maxFrame = 65536 + 14 // the loopback device's MTU and its header
	maxAlloc = 16064
)

// Numbers of protocols (include/uapi/linux/if_ether.h), and the least that their headers take.
const (
	protoIPv4, protoIPv6 = 0x0800, 0x86dd
	protoVLAN, protoQinQ = 0x8100, 0x88a8
	proto8023, proto8022 = 0x0001, 0x0004
	leastType            = 0x600
	headerIPv4           = 20
	headerIPv6           = 40
	headerVLAN           = 4
	etherAddresses       = 12
	macHeader            = 14
)

// protocol is skb->protocol as a number. An input that does not say has the one of its
// MAC header.
func (m *Machine) protocol() uint16 {
	if p := m.contextField(hook.SkbProtocol); p != 0 {
		return m.ntohs(p)
	}
	if b, ok := m.Packet(etherAddresses, 2); ok && m.hook.MAC {
		return binary.BigEndian.Uint16(b)
	}
	return 0
}

// ntohs is a number in network byte order, as a register of the guest has it.
func (m *Machine) ntohs(v uint32) uint16 {
	var b [2]byte
	m.Mem.Order.Binary().PutUint16(b[:], uint16(v))
	return binary.BigEndian.Uint16(b[:])
}

// htons is the opposite of ntohs.
func (m *Machine) htons(v uint16) uint64 {
	var b [2]byte
	binary.BigEndian.PutUint16(b[:], v)
	return uint64(m.Mem.Order.Binary().Uint16(b[:]))
}

func (m *Machine) setProtocol(p uint16) { m.setContext(hook.SkbProtocol, 4, m.htons(p)) }

// skbChangeTail is bpf_skb_change_tail(skb, len, flags).
func skbChangeTail(m *Machine, a *[5]uint64) (uint64, Fault) {
	if f := skbArg(m, a); f.Kind != NoFault {
		return 0, f
	}
	size := uint32(a[1])
	if a[2] != 0 || size > maxFrame || size < m.skb.network {
		return Errno(maps.EINVAL), Fault{}
	}
	if m.skb.encapsulated {
		return Errno(maps.ENOTSUPP), Fault{}
	}
	if !m.resize(size) {
		return Errno(maps.ENOMEM), Fault{}
	}
	m.setContext(hook.SkbHash, 4, 0)
	return 0, Fault{}
}

// skbChangeHead is bpf_skb_change_head(skb, len, flags): room for a MAC header, of zeros.
func skbChangeHead(m *Machine, a *[5]uint64) (uint64, Fault) {
	if f := skbArg(m, a); f.Kind != NoFault {
		return 0, f
	}
	n := uint32(a[1])
	if size := uint64(m.packet.size) + uint64(n); a[2] != 0 || size > maxFrame {
		return Errno(maps.EINVAL), Fault{}
	}
	if !m.growFront(n, true) {
		return Errno(maps.ENOMEM), Fault{}
	}
	m.skb.network += n
	return 0, Fault{}
}

// skbChangeProto is bpf_skb_change_proto(skb, proto, flags): from IPv4 to IPv6 or back, by
// making the network header longer or shorter. What it holds is the program's business.
func skbChangeProto(m *Machine, a *[5]uint64) (uint64, Fault) {
	if f := skbArg(m, a); f.Kind != NoFault {
		return 0, f
	}
	if a[2] != 0 {
		return Errno(maps.EINVAL), Fault{}
	}
	const longer = headerIPv6 - headerIPv4
	from, to := m.protocol(), m.ntohs(uint32(a[1]))
	switch {
	case from == protoIPv4 && to == protoIPv6:
		if !m.insert(m.skb.network, longer) {
			return Errno(maps.ENOMEM), Fault{}
		}
	case from == protoIPv6 && to == protoIPv4:
		if m.packet.size < m.skb.network+longer {
			return Errno(maps.ENOMEM), Fault{}
		}
		m.remove(m.skb.network, longer)
	default:
		return Errno(maps.ENOTSUPP), Fault{}
	}
	m.setProtocol(to)
	m.setContext(hook.SkbHash, 4, 0)
	return 0, Fault{}
}

// Flags of bpf_skb_adjust_room.
const (
	roomEncap4    = 1 << 1
	roomEncap6    = 1 << 2
	roomNoReset   = 1 << 5
	roomEther     = 1 << 6
	roomDecap4    = 1 << 7
	roomDecap6    = 1 << 8
	roomL2Shift   = 56
	roomDecap     = roomDecap4 | roomDecap6
	roomEncap     = roomEncap4 | roomEncap6
	roomKnown     = 0x1ff | 0xff<<roomL2Shift
	roomShrinking = 1 | roomDecap | roomNoReset
	maxRoom       = 0xfff
)

// skbAdjustRoom is bpf_skb_adjust_room(skb, len_diff, mode, flags): room behind the MAC
// header (mode 1) or behind the network header (mode 0).
func skbAdjustRoom(m *Machine, a *[5]uint64) (uint64, Fault) {
	if f := skbArg(m, a); f.Kind != NoFault {
		return 0, f
	}
	diff, flags := int32(a[1]), a[3]
	size := uint32(max(diff, -diff))
	least := map[uint16]uint32{protoIPv4: headerIPv4, protoIPv6: headerIPv6}[m.protocol()]
	at := m.skb.network
	switch mode := uint32(a[2]); {
	case flags&^roomKnown != 0:
		return Errno(maps.EINVAL), Fault{}
	case size > maxRoom:
		return Errno(maps.EFAULT), Fault{}
	case least == 0, mode > 1:
		return Errno(maps.ENOTSUPP), Fault{}
	case mode == 0:
		at += least
	}
	switch flags & roomDecap {
	case 0:
	case roomDecap4:
		least = headerIPv4
	case roomDecap6:
		least = headerIPv6
	default:
		return Errno(maps.EINVAL), Fault{}
	}
	if flags&roomDecap != 0 && diff >= 0 {
		return Errno(maps.EINVAL), Fault{}
	}
	if diff < 0 {
		return m.lessRoom(at, size, least, flags), Fault{}
	}
	return m.moreRoom(at, size, flags), Fault{}
}

func (m *Machine) lessRoom(at, size, least uint32, flags uint64) uint64 {
	have := m.packet.size - m.skb.network
	switch {
	case size >= have, have-size < least:
		return Errno(maps.ENOTSUPP)
	case flags&^roomShrinking != 0:
		return Errno(maps.EINVAL)
	case m.packet.size < at+size:
		return Errno(maps.ENOMEM)
	}
	m.remove(at, size)
	m.follow(flags&roomDecap4 != 0, flags&roomDecap6 != 0)
	m.resetChecksum(flags)
	return 0
}

func (m *Machine) moreRoom(at, size uint32, flags uint64) uint64 {
	encap := flags&roomEncap != 0
	l2 := uint32(flags >> roomL2Shift)
	switch {
	case m.packet.size+size > maxAlloc:
		return Errno(maps.ENOTSUPP)
	case encap && (flags&roomEncap == roomEncap || flags&roomEther != 0 && l2 < macHeader):
		return Errno(maps.EINVAL)
	case encap && m.skb.encapsulated:
		return Errno(maps.EALREADY)
	case encap && l2 > size:
		return Errno(maps.EINVAL)
	case m.packet.size < at:
		return Errno(maps.ENOMEM)
	case !m.insert(at, size):
		return Errno(maps.ENOMEM)
	}
	m.skb.encapsulated = m.skb.encapsulated || encap
	m.follow(flags&roomEncap4 != 0, flags&roomEncap6 != 0)
	m.resetChecksum(flags)
	return 0
}

// follow lets skb->protocol say what the outermost network header is now.
func (m *Machine) follow(ipv4, ipv6 bool) {
	switch p := m.protocol(); {
	case ipv4 && p == protoIPv6:
		m.setProtocol(protoIPv4)
	case ipv6 && p == protoIPv4:
		m.setProtocol(protoIPv6)
	}
}

func (m *Machine) resetChecksum(flags uint64) {
	if flags&roomNoReset == 0 {
		m.skb.checksum = noChecksum
	}
}

// vlanPush is bpf_skb_vlan_push(skb, proto, tci). The outermost tag stands beside the
// packet; one that was there goes into it.
func vlanPush(m *Machine, a *[5]uint64) (uint64, Fault) {
	if f := skbArg(m, a); f.Kind != NoFault {
		return 0, f
	}
	proto := m.ntohs(uint32(a[1]))
	if proto != protoVLAN && proto != protoQinQ {
		proto = protoVLAN
	}
	if m.contextField(hook.SkbVLANPresent) != 0 {
		old := m.ntohs(m.contextField(hook.SkbVLANProto))
		if m.packet.size < etherAddresses || !m.insert(etherAddresses, headerVLAN) {
			return Errno(maps.ENOMEM), Fault{}
		}
		tag, _ := m.Packet(etherAddresses, headerVLAN)
		binary.BigEndian.PutUint16(tag, old)
		binary.BigEndian.PutUint16(tag[2:], uint16(m.contextField(hook.SkbVLANTCI)))
		m.setProtocol(old)
		m.skb.network += headerVLAN
	}
	m.setTag(1, proto, uint16(a[2]))
	return 0, Fault{}
}

// vlanPop is bpf_skb_vlan_pop(skb): the tag beside the packet goes, and the next one, if the
// packet has one, takes its place.
func vlanPop(m *Machine, a *[5]uint64) (uint64, Fault) {
	if f := skbArg(m, a); f.Kind != NoFault {
		return 0, f
	}
	if m.contextField(hook.SkbVLANPresent) != 0 {
		m.setTag(0, 0, 0)
	} else {
		if !m.tagged() {
			return 0, Fault{}
		}
		m.takeTag()
		m.setTag(0, 0, 0)
	}
	if m.tagged() {
		m.takeTag()
	}
	return 0, Fault{}
}

// tagged reports whether a VLAN tag stands behind the MAC addresses.
func (m *Machine) tagged() bool {
	p := m.protocol()
	return (p == protoVLAN || p == protoQinQ) && m.packet.size >= macHeader+headerVLAN
}

// takeTag takes the packet's outermost tag out of it.
func (m *Machine) takeTag() {
	tag, _ := m.Packet(etherAddresses, headerVLAN+2)
	proto, tci, inner := binary.BigEndian.Uint16(tag), binary.BigEndian.Uint16(tag[2:]), binary.BigEndian.Uint16(tag[4:])
	if inner < leastType { // IEEE 802.3: a length
		inner = proto8022
		if raw, ok := m.Packet(macHeader+headerVLAN, 2); ok && raw[0] == 0xff && raw[1] == 0xff {
			inner = proto8023
		}
	}
	m.remove(etherAddresses, headerVLAN)
	m.setTag(1, proto, tci)
	m.setProtocol(inner)
	if m.skb.network > macHeader {
		m.skb.network -= headerVLAN
	}
}

func (m *Machine) setTag(present uint64, proto, tci uint16) {
	m.setContext(hook.SkbVLANPresent, 4, present)
	m.setContext(hook.SkbVLANProto, 4, m.htons(proto)*present)
	m.setContext(hook.SkbVLANTCI, 4, uint64(tci))
}
