package vm

import (
	"github.com/lockstep-ebpf/lockstep/vm/hook"
	"github.com/lockstep-ebpf/lockstep/vm/maps"
	"github.com/lockstep-ebpf/lockstep/vm/mem"
)

// Helpers of XDP programs (Linux's net/core/filter.c).
var xdpHelpers = map[int32]*Helper{
	44:  {Name: "xdp_adjust_head", Args: 2, Call: adjustHead},
	54:  {Name: "xdp_adjust_meta", Args: 2, Call: adjustMeta},
	65:  {Name: "xdp_adjust_tail", Args: 2, Call: adjustTail},
	188: {Name: "xdp_get_buff_len", Args: 1, Call: buffLen},
	189: {Name: "xdp_load_bytes", Args: 4, Call: xdpLoad},
	190: {Name: "xdp_store_bytes", Args: 4, Call: xdpStore},
}

// A frame of XDP is a page: 256 bytes before the packet, of which the first 40 are the
// kernel's (struct xdp_frame), and at the end 320 for struct skb_shared_info.
const (
	xdpHeadroom = 256
	xdpOwn      = 40
	xdpEnd      = 4096 - 320
	maxMeta     = 255
)

func xdpArg(m *Machine, a *[5]uint64) Fault {
	if m.hook.Context != hook.XdpMD || a[0] != m.R1 {
		return Fault{Kind: FaultHelper, Addr: a[0]}
	}
	return Fault{}
}

// frameAt is how far from the frame's start the packet begins.
func (m *Machine) frameAt() int64 {
	return int64(m.packet.base) - int64(m.packetBase()) + xdpHeadroom
}

// adjustHead is bpf_xdp_adjust_head(xdp_md, delta): metadata moves along. Bytes that come
// in have no defined value.
func adjustHead(m *Machine, a *[5]uint64) (uint64, Fault) {
	if f := xdpArg(m, a); f.Kind != NoFault {
		return 0, f
	}
	delta := int64(int32(a[1]))
	if m.frameAt()+delta < xdpOwn+int64(m.meta) || delta > int64(m.packet.size)-macHeader {
		return Errno(maps.EINVAL), Fault{}
	}
	meta, from := m.meta, m.packet.base-m.meta
	bytes := append([]byte(nil), m.Mem.Bytes(from, meta)...)
	perms := append([]mem.Perm(nil), m.Mem.Perms(from, meta)...)
	m.Mem.Allow(from, meta, 0)
	m.meta = 0
	if delta < 0 {
		m.growFront(uint32(-delta), false)
	} else {
		m.shrinkFront(uint32(delta))
	}
	m.meta = meta
	copy(m.Mem.Bytes(m.packet.base-meta, meta), bytes)
	copy(m.Mem.Perms(m.packet.base-meta, meta), perms)
	m.touched()
	return 0, Fault{}
}

// adjustMeta is bpf_xdp_adjust_meta(xdp_md, delta): room for metadata in front of the packet,
// in units of 4 bytes.
func adjustMeta(m *Machine, a *[5]uint64) (uint64, Fault) {
	if f := xdpArg(m, a); f.Kind != NoFault {
		return 0, f
	}
	delta := int64(int32(a[1]))
	size := int64(m.meta) - delta
	switch {
	case m.frameAt()-size < xdpOwn, size < 0:
		return Errno(maps.EINVAL), Fault{}
	case size%4 != 0, size > maxMeta:
		return Errno(maps.EACCES), Fault{}
	}
	if old := m.meta; uint32(size) > old {
		m.Mem.Allow(m.packet.base-uint32(size), uint32(size)-old, m.fresh(false))
	} else {
		m.Mem.Allow(m.packet.base-old, old-uint32(size), 0)
	}
	m.meta = uint32(size)
	m.touched()
	return 0, Fault{}
}

// adjustTail is bpf_xdp_adjust_tail(xdp_md, delta). Bytes that come in are zero.
func adjustTail(m *Machine, a *[5]uint64) (uint64, Fault) {
	if f := xdpArg(m, a); f.Kind != NoFault {
		return 0, f
	}
	delta := int64(int32(a[1]))
	size := int64(m.packet.size) + delta
	if delta > 0 && m.frameAt()+size > xdpEnd || size < macHeader {
		return Errno(maps.EINVAL), Fault{}
	}
	m.resize(uint32(size))
	return 0, Fault{}
}

func buffLen(m *Machine, a *[5]uint64) (uint64, Fault) {
	if f := xdpArg(m, a); f.Kind != NoFault {
		return 0, f
	}
	return uint64(m.packet.size), Fault{}
}

// xdpLoad is bpf_xdp_load_bytes(xdp_md, offset, buf, len).
func xdpLoad(m *Machine, a *[5]uint64) (uint64, Fault) {
	return xdpCopy(m, a, mem.Write)
}

// xdpStore is bpf_xdp_store_bytes(xdp_md, offset, buf, len).
func xdpStore(m *Machine, a *[5]uint64) (uint64, Fault) {
	return xdpCopy(m, a, mem.Read)
}

func xdpCopy(m *Machine, a *[5]uint64, need mem.Perm) (uint64, Fault) {
	const most = 0xffff
	if f := xdpArg(m, a); f.Kind != NoFault {
		return 0, f
	}
	b, f := m.Bytes(a[2], uint32(a[3]), need)
	if f.Kind != NoFault {
		return 0, f
	}
	if uint32(a[1]) > most || uint32(a[3]) > most {
		return Errno(maps.EFAULT), Fault{}
	}
	part, ok := m.within(a[1], uint32(a[3]))
	if !ok {
		return Errno(maps.EINVAL), Fault{}
	}
	if need == mem.Write {
		if m.Mem.UndefIn(m.packet.base+uint32(a[1]), uint32(a[3])) != nil {
			m.ReadUndef = true
		}
		copy(b, part)
		m.define(a[2], b)
	} else {
		copy(part, b)
		m.define(uint64(m.packet.base)+uint64(uint32(a[1])), part)
	}
	return 0, Fault{}
}
