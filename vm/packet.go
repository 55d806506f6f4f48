package vm

import (
	"fmt"

	"github.com/lockstep-ebpf/lockstep/vm/hook"
	"github.com/lockstep-ebpf/lockstep/vm/mem"
)

// A packet starts at its machine's place in guest memory. Helpers move its ends:
//
//	        Headroom      meta   packet
//	  ├──────────────────┼──────┼───────────────────┤─ ─ ─
//	                  data_meta data             data_end
//
// Bytes that leave the packet become inaccessible, and keep their values until the
// machine is cleared. The context's pointers follow.

func (m *Machine) packetBase() uint32 { return mem.PacketBase + m.CPU*mem.InputStride }

// macLength is how long the MAC header is that a type's packet begins with.
func (m *Machine) macLength() uint32 {
	if m.hook.MAC {
		return 14
	}
	return 0
}

// putPacket lays out the packet, if the type has one.
func (m *Machine) putPacket(b []byte) error {
	if !m.hook.Packet {
		return nil
	}
	if len(b) > MaxInput {
		return &Rejected{-1, fmt.Sprintf("the packet has %d bytes, more than %d", len(b), MaxInput)}
	}
	m.packet = area{m.packetBase(), uint32(len(b))}
	m.back = m.packet.size
	copy(m.Mem.Bytes(m.packet.base, m.packet.size), b)
	m.Mem.Allow(m.packet.base, m.packet.size, m.packetPerm())
	return nil
}

func (m *Machine) packetPerm() mem.Perm {
	if m.hook.PacketRead {
		return mem.Read
	}
	return mem.RW
}

func (m *Machine) clearPacket() {
	m.Mem.Clear(m.packetBase()-m.front, m.front+m.back)
	m.packet, m.front, m.back, m.meta = area{base: m.packetBase()}, 0, 0, 0
}

// fresh is what new bytes of a packet allow.
func (m *Machine) fresh(defined bool) mem.Perm {
	p := m.packetPerm()
	if m.TracksUndef && !defined {
		p |= mem.Undef
	}
	return p
}

// growFront adds n bytes before the packet; they are zero if so said, and else have no
// defined value. It reports whether there is room.
func (m *Machine) growFront(n uint32, zero bool) bool {
	if uint64(m.packet.size)+uint64(n) > MaxInput {
		return false
	}
	if low := m.packetBase() - mem.Headroom; m.packet.base-m.meta < low+n && !m.shift(m.packetBase()+n) {
		return false
	}
	m.packet.base -= n
	m.packet.size += n
	m.Mem.Allow(m.packet.base, n, m.fresh(zero))
	if zero {
		clear(m.Mem.Bytes(m.packet.base, n))
	}
	m.touched()
	return true
}

// shift moves the packet, without metadata, to another place that has room for it.
func (m *Machine) shift(to uint32) bool {
	end := m.packetBase() - mem.Headroom + mem.InputStride
	if m.meta > 0 || to+m.packet.size > end-64 {
		return false
	}
	n := m.packet.size
	data := append([]byte(nil), m.Mem.Bytes(m.packet.base, n)...)
	perm := append([]mem.Perm(nil), m.Mem.Perms(m.packet.base, n)...)
	m.Mem.Allow(m.packet.base, n, 0)
	copy(m.Mem.Bytes(to, n), data)
	copy(m.Mem.Perms(to, n), perm)
	m.packet.base = to
	return true
}

// shrinkFront takes n bytes off the packet's front.
func (m *Machine) shrinkFront(n uint32) {
	m.Mem.Allow(m.packet.base, n, 0)
	m.packet.base += n
	m.packet.size -= n
	m.touched()
}

// resize gives the packet another end; new bytes are zero.
func (m *Machine) resize(size uint32) bool {
	end := m.packetBase() - mem.Headroom + mem.InputStride
	if size > MaxInput || m.packet.base+size > end-64 && !m.shift(m.packetBase()) {
		return false
	}
	if size < m.packet.size {
		m.Mem.Allow(m.packet.base+size, m.packet.size-size, 0)
	} else {
		n := size - m.packet.size
		m.Mem.Allow(m.packet.base+m.packet.size, n, m.fresh(true))
		clear(m.Mem.Bytes(m.packet.base+m.packet.size, n))
	}
	m.packet.size = size
	m.touched()
	return true
}

// insert makes room for n zero bytes at an offset of the packet.
func (m *Machine) insert(off, n uint32) bool {
	if !m.growFront(n, true) {
		return false
	}
	m.move(m.packet.base, m.packet.base+n, off)
	clear(m.Mem.Bytes(m.packet.base+off, n))
	m.Mem.Allow(m.packet.base+off, n, m.fresh(true))
	return true
}

// remove takes n bytes at an offset out of the packet.
func (m *Machine) remove(off, n uint32) {
	m.move(m.packet.base+n, m.packet.base, off)
	m.shrinkFront(n)
}

// move copies n bytes with their marks.
func (m *Machine) move(to, from, n uint32) {
	copy(m.Mem.Bytes(to, n), m.Mem.Bytes(from, n))
	copy(m.Mem.Perms(to, n), m.Mem.Perms(from, n))
}

// touched notes where the packet has been, and lets the context follow.
func (m *Machine) touched() {
	base := m.packetBase()
	if low := m.packet.base - m.meta; low < base {
		m.front = max(m.front, base-low)
	}
	m.back = max(m.back, m.packet.base+m.packet.size-base)
	m.point()
}

// point fills in what the machine knows of the context.
func (m *Machine) point() {
	for _, p := range m.hook.Points {
		var v uint64
		switch p.To {
		case hook.Data:
			v = uint64(m.packet.base)
		case hook.DataEnd:
			v = uint64(m.packet.base + m.packet.size)
		case hook.DataMeta:
			v = uint64(m.packet.base - m.meta)
		case hook.Length:
			v = uint64(m.packet.size)
		case hook.FlowKeys:
			v = m.flowKeys()
		case hook.Socket:
			v = m.eventSocket()
		}
		m.setContext(p.Off, p.Size, v)
	}
}

// setContext writes a field of the context, 4 or 8 bytes.
func (m *Machine) setContext(off, size uint32, v uint64) {
	b := m.Mem.Bytes(m.context.base+off, size)
	if size == 8 {
		m.Mem.Order.Binary().PutUint64(b, v)
	} else {
		m.Mem.Order.Binary().PutUint32(b, uint32(v))
	}
}

// contextField reads 4 bytes of the context.
func (m *Machine) contextField(off uint32) uint32 {
	return m.Mem.Order.Binary().Uint32(m.Mem.Bytes(m.context.base+off, 4))
}
