package vm

import (
	"github.com/lockstep-ebpf/lockstep/vm/maps"
	"github.com/lockstep-ebpf/lockstep/vm/mem"
)

var ringHelpers = map[int32]*Helper{
	130: {Name: "ringbuf_output", Args: 4, Call: ringOutput},
	131: {Name: "ringbuf_reserve", Args: 3, Call: ringReserve},
	132: {Name: "ringbuf_submit", Args: 2, Void: true, Call: ringSubmit},
	133: {Name: "ringbuf_discard", Args: 2, Void: true, Call: ringDiscard},
	134: {Name: "ringbuf_query", Args: 2, Call: ringQuery},
}

// ringArg finds the ring buffer of a helper's first argument.
func ringArg(m *Machine, a *[5]uint64) (maps.Ring, Fault) {
	if r, ok := m.World.MapAt(a[0]).(maps.Ring); ok {
		return r, Fault{}
	}
	return nil, Fault{Kind: FaultHelper, Addr: a[0]}
}

// ringOutput is bpf_ringbuf_output(ringbuf, data, size, flags).
func ringOutput(m *Machine, a *[5]uint64) (uint64, Fault) {
	r, f := ringArg(m, a)
	if f.Kind != NoFault {
		return 0, f
	}
	data, undef, f := m.read(a[1], a[2])
	switch {
	case f.Kind != NoFault:
		return 0, f
	case a[3]&^(maps.RingNoWakeup|maps.RingForceWakeup) != 0:
		return Errno(maps.EINVAL), Fault{}
	}
	if err := r.Output(data); err != nil {
		return status(err), Fault{}
	}
	m.emit(Event{Kind: RingRecord, Map: m.World.mapNumber(a[0]), Flags: a[3], Data: data, Undef: undef})
	return 0, Fault{}
}

// ringReserve is bpf_ringbuf_reserve(ringbuf, size, flags).
func ringReserve(m *Machine, a *[5]uint64) (uint64, Fault) {
	r, f := ringArg(m, a)
	if f.Kind != NoFault || a[2] != 0 {
		return 0, f
	}
	p := mem.RW
	if m.TracksUndef {
		p |= mem.Undef
	}
	return address(r.Reserve(a[1], p))
}

func ringSubmit(m *Machine, a *[5]uint64) (uint64, Fault)  { return ringCommit(m, a, false) }
func ringDiscard(m *Machine, a *[5]uint64) (uint64, Fault) { return ringCommit(m, a, true) }

// ringCommit ends the reservation that the first argument points to, in whatever
// ring it is.
func ringCommit(m *Machine, a *[5]uint64, discard bool) (uint64, Fault) {
	for fd, x := range m.World.Maps {
		r, ok := x.(maps.Ring)
		if !ok || a[0] >= mem.ValueEnd {
			continue
		}
		data, undef, ok := r.Commit(uint32(a[0]), discard)
		if !ok {
			continue
		}
		if !discard {
			m.emit(Event{Kind: RingRecord, Map: fd, Flags: a[1], Data: data, Undef: undef})
		}
		return 0, Fault{}
	}
	return 0, Fault{Kind: FaultHelper, Addr: a[0]}
}

func ringQuery(m *Machine, a *[5]uint64) (uint64, Fault) {
	r, f := ringArg(m, a)
	if f.Kind != NoFault {
		return 0, f
	}
	return r.Query(a[1]), Fault{}
}
