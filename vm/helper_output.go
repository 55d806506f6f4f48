package vm

import (
	"bytes"

	"github.com/lockstep-ebpf/lockstep/vm/hook"
	"github.com/lockstep-ebpf/lockstep/vm/maps"
	"github.com/lockstep-ebpf/lockstep/vm/mem"
)

var outputHelpers = map[int32]*Helper{
	25: {Name: "perf_event_output", Args: 5, Call: perfEventOutput},
	51: {Name: "redirect_map", Args: 3, Call: redirectMap},
}

// Flags of bpf_perf_event_output: the index of the event, or "this CPU's"; and for
// programs with a packet how many of its bytes go along.
const (
	perfIndex      = 0xffff_ffff
	perfCurrentCPU = perfIndex
	perfPacketLen  = 0xf_ffff << 32
)

// perfEventOutput is bpf_perf_event_output(ctx, map, flags, data, size).
func perfEventOutput(m *Machine, a *[5]uint64) (uint64, Fault) {
	x, ok := m.World.MapAt(a[1]).(maps.PerfOutput)
	if !ok {
		return 0, Fault{Kind: FaultHelper, Addr: a[1]}
	}
	data, undef, f := m.read(a[3], a[4])
	if f.Kind != NoFault {
		return 0, f
	}
	known := uint64(perfIndex)
	if m.hook.Packet {
		known |= perfPacketLen
	}
	n := uint32(a[2] & perfPacketLen >> 32)
	switch {
	case a[2]&^known != 0:
		return Errno(maps.EINVAL), Fault{}
	case n > m.packet.size:
		return Errno(maps.EFAULT), Fault{}
	}
	index := uint32(a[2])
	if index == perfCurrentCPU {
		index = m.CPU
	}
	if err := x.Output(index, m.CPU); err != nil {
		return status(err), Fault{}
	}
	if n > 0 {
		b := m.blob(area{m.packet.base, n}, nil)
		if undef == nil && b.Undef != nil {
			undef = make([]bool, len(data))
		}
		if undef != nil && b.Undef == nil {
			b.Undef = make([]bool, n)
		}
		data, undef = append(data, b.Data...), append(undef, b.Undef...)
	}
	m.emit(Event{Kind: PerfSample, Map: m.World.mapNumber(a[1]), Index: uint64(index), Flags: a[2], Data: data, Undef: undef})
	return 0, Fault{}
}

// Flags of bpf_redirect_map: what to return if there is no target, and for devmaps
// whom to send to.
const (
	redirectAction  = 3
	redirectDevices = 1<<3 | 1<<4 // BPF_F_BROADCAST, BPF_F_EXCLUDE_INGRESS
	broadcast       = 1 << 3
	xdpAborted      = 0
	xdpRedirect     = 4
)

// redirectMap is bpf_redirect_map(map, key, flags).
func redirectMap(m *Machine, a *[5]uint64) (uint64, Fault) {
	x := m.World.MapAt(a[0])
	targets, ok := x.(maps.Redirector)
	if !ok || m.hook.Context != hook.XdpMD && m.hook.Context != hook.Memory {
		return 0, Fault{Kind: FaultHelper, Addr: a[0]}
	}
	known := uint64(redirectAction)
	if t := x.Spec().Type; t == maps.DevMap || t == maps.DevMapHash {
		known |= redirectDevices
	}
	if a[2]&^known != 0 {
		return xdpAborted, Fault{}
	}
	if !targets.Target(uint32(a[1])) && a[2]&broadcast == 0 {
		return a[2] & redirectAction, Fault{}
	}
	m.emit(Event{Kind: Redirect, Map: m.World.mapNumber(a[0]), Index: uint64(uint32(a[1])), Flags: a[2]})
	return xdpRedirect, Fault{}
}

// read copies what a helper puts out. Bytes without a defined value are marked
// and do not taint the run: they are passed over when events are compared.
func (m *Machine) read(addr, n uint64) (data []byte, undef []bool, f Fault) {
	if n == 0 {
		return nil, nil, Fault{}
	}
	if n > mem.Size {
		return nil, nil, Fault{Kind: FaultRead, Addr: addr}
	}
	tainted := m.ReadUndef
	b, f := m.Bytes(addr, uint32(n), mem.Read)
	m.ReadUndef = tainted
	if f.Kind != NoFault {
		return nil, nil, f
	}
	return bytes.Clone(b), m.Mem.UndefIn(uint32(addr), uint32(n)), Fault{}
}

// define takes the Undef marks off bytes that a helper has written.
func (m *Machine) define(addr uint64, written []byte) {
	perms := m.Mem.Perms(uint32(addr), uint32(len(written)))
	for i, p := range perms {
		if p&mem.Undef != 0 {
			perms[i] = p &^ mem.Undef
		}
	}
}
