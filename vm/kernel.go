package vm

import (
	"github.com/lockstep-ebpf/lockstep/vm/hook"
	"github.com/lockstep-ebpf/lockstep/vm/mem"
)

// A machine's kernel objects:
//
//	0x000  struct bpf_flow_keys, of flow dissectors
//	0x080  struct bpf_sock, one each 0x80 bytes: the event's, then those that were looked up
//	0xf00  the task: an address, and no bytes
const (
	flowKeysSize = 56
	socksAt      = 0x080
	sockStride   = 0x080
	taskAt       = 0xf00
	maxSocks     = (taskAt - socksAt) / sockStride
)

func (m *Machine) kernel() uint32 { return mem.KernelBase + m.CPU*mem.KernelStride }

func (m *Machine) clearKernel() {
	if m.hook != nil && m.hook.Type == hook.FlowDissector {
		m.Mem.Clear(m.kernel(), flowKeysSize)
	}
	m.Mem.Clear(m.kernel()+socksAt, uint32(m.socks)*sockStride)
	clear(m.found[:m.socks])
	m.socks = 0
}

// flowKeys lays out what a flow dissector fills in: offsets of headers, and the protocol
// behind the MAC header, are there (bpf_flow_dissect in Linux's net/core/flow_dissector.c).
func (m *Machine) flowKeys() uint64 {
	const nhoff, thoff, protocol = 0, 2, 10
	m.Mem.Allow(m.kernel(), flowKeysSize, mem.RW)
	b := m.Mem.Bytes(m.kernel(), flowKeysSize)
	m.Mem.Order.Binary().PutUint16(b[nhoff:], macHeader)
	m.Mem.Order.Binary().PutUint16(b[thoff:], macHeader)
	if p, ok := m.Packet(etherAddresses, 2); ok {
		copy(b[protocol:], p)
	}
	return uint64(m.kernel())
}

// keys is what the flow dissector made of the packet: offsets are brought between the MAC
// header and the packet's end, as Linux does it.
func (m *Machine) keys(reuse []byte) Blob {
	k := m.blob(area{m.kernel(), flowKeysSize}, reuse)
	o := m.Mem.Order.Binary()
	nhoff := min(max(o.Uint16(k.Data), macHeader), uint16(m.packet.size))
	o.PutUint16(k.Data, nhoff)
	o.PutUint16(k.Data[2:], min(max(o.Uint16(k.Data[2:]), nhoff), uint16(m.packet.size)))
	return k
}

// eventSocket is the address of the socket that the event belongs to, or 0.
func (m *Machine) eventSocket() uint64 {
	if m.Env.Socket == nil {
		return 0
	}
	if m.socks == 0 {
		m.putSocket(m.Env.Socket)
	}
	return uint64(m.kernel() + socksAt)
}

// putSocket lays out a socket and gives its address, or 0 if there are too many.
func (m *Machine) putSocket(s *Socket) uint64 {
	if m.socks == maxSocks {
		return 0
	}
	at := m.kernel() + socksAt + uint32(m.socks)*sockStride
	m.found[m.socks] = s
	m.socks++
	b := m.Mem.Bytes(at, hook.SockSize)
	clear(b)
	for name, v := range s.fields(m.Mem.Order.Binary()) {
		for _, f := range hook.SockFields {
			if f.Name == name {
				copy(b[f.Off:][:f.Size], v)
			}
		}
	}
	for _, f := range hook.SockFields {
		m.Mem.Allow(at+f.Off, f.Size, f.Perm)
	}
	return uint64(at)
}

// lockSpin takes the one lock that a World has: programs hold it for a few instructions.
func (m *Machine) lockSpin(addr uint64) {
	m.World.spin.Lock()
	m.lock = addr
}

func (m *Machine) unlock() {
	if m.lock != 0 {
		m.lock = 0
		m.World.spin.Unlock()
	}
}
