package vm

import (
	"github.com/lockstep-ebpf/lockstep/vm/maps"
	"github.com/lockstep-ebpf/lockstep/vm/mem"
)

// Helpers about what was interrupted: call stacks, the probed function, counters.
var stackHelpers = map[int32]*Helper{
	22:  {Name: "perf_event_read", Args: 2, Call: eventRead},
	27:  {Name: "get_stackid", Args: 3, Call: stackID},
	55:  {Name: "perf_event_read_value", Args: 4, Call: eventReadValue},
	56:  {Name: "perf_prog_read_value", Args: 3, Call: progReadValue},
	58:  {Name: "override_return", Args: 2, Call: overrideReturn},
	67:  {Name: "get_stack", Args: 4, Call: getStack},
	173: {Name: "get_func_ip", Args: 1, Call: func(m *Machine, _ *[5]uint64) (uint64, Fault) { return m.Env.FuncIP, Fault{} }},
	174: {Name: "get_attach_cookie", Args: 1, Call: func(m *Machine, _ *[5]uint64) (uint64, Fault) { return m.Env.Cookie, Fault{} }},
}

// stackOf is the stack that flags ask for.
func (m *Machine) stackOf(flags uint64) []uint64 {
	if flags&maps.StackUser != 0 {
		return m.Env.User
	}
	return m.Env.Kernel
}

// stackID is bpf_get_stackid(ctx, map, flags).
func stackID(m *Machine, a *[5]uint64) (uint64, Fault) {
	stacks, ok := m.World.MapAt(a[1]).(maps.StackPutter)
	if !ok {
		return 0, Fault{Kind: FaultHelper, Addr: a[1]}
	}
	id, err := stacks.Put(m.stackOf(a[2]), a[2])
	if err != nil {
		return status(err), Fault{}
	}
	return uint64(id), Fault{}
}

// getStack is bpf_get_stack(ctx, buf, size, flags): addresses, innermost first. It returns
// how many bytes they take; the rest of the buffer becomes zero.
func getStack(m *Machine, a *[5]uint64) (uint64, Fault) {
	const buildID = 1 << 11
	to, f := m.Bytes(a[1], uint32(a[2]), mem.Write)
	if uint32(a[2]) == 0 {
		to, f = nil, Fault{}
	}
	if f.Kind != NoFault {
		return 0, f
	}
	clear(to)
	m.define(a[1], to)
	stack := m.stackOf(a[3])
	skip := int(a[3] & maps.StackSkip)
	switch {
	case a[3]&^(maps.StackSkip|maps.StackUser|buildID) != 0, a[3]&buildID != 0 && a[3]&maps.StackUser == 0, len(to)%8 != 0, a[3]&buildID != 0:
		return Errno(maps.EINVAL), Fault{}
	case len(stack) <= skip:
		return Errno(maps.EFAULT), Fault{}
	}
	n := 0
	for _, ip := range stack[skip:] {
		if n+8 > len(to) {
			break
		}
		m.Mem.Order.Binary().PutUint64(to[n:], ip)
		n += 8
	}
	return uint64(n), Fault{}
}

// eventRead is bpf_perf_event_read(map, flags). Events count nothing here.
func eventRead(m *Machine, a *[5]uint64) (uint64, Fault) {
	return readCounter(m, a[0], a[1])
}

func readCounter(m *Machine, table, flags uint64) (uint64, Fault) {
	x, ok := m.World.MapAt(table).(maps.PerfOutput)
	if !ok {
		return 0, Fault{Kind: FaultHelper, Addr: table}
	}
	if flags&^perfIndex != 0 {
		return Errno(maps.EINVAL), Fault{}
	}
	index := uint32(flags)
	if index == perfCurrentCPU {
		index = m.CPU
	}
	return status(x.Output(index, m.CPU)), Fault{}
}

// eventReadValue is bpf_perf_event_read_value(map, flags, buf, buf_size).
func eventReadValue(m *Machine, a *[5]uint64) (uint64, Fault) {
	to, f := m.Bytes(a[2], uint32(a[3]), mem.Write)
	if f.Kind != NoFault {
		return 0, f
	}
	clear(to)
	m.define(a[2], to)
	if len(to) != 24 {
		return Errno(maps.EINVAL), Fault{}
	}
	return readCounter(m, a[0], a[1])
}

// progReadValue is bpf_perf_prog_read_value(ctx, buf, buf_size).
func progReadValue(m *Machine, a *[5]uint64) (uint64, Fault) {
	to, f := m.Bytes(a[1], uint32(a[2]), mem.Write)
	if f.Kind != NoFault {
		return 0, f
	}
	clear(to)
	m.define(a[1], to)
	if len(to) != 24 {
		return Errno(maps.EINVAL), Fault{}
	}
	return 0, Fault{}
}

// overrideReturn is bpf_override_return(regs, rc): the probed function does not run and
// returns rc.
func overrideReturn(m *Machine, a *[5]uint64) (uint64, Fault) {
	if a[0] != m.R1 {
		return 0, Fault{Kind: FaultHelper, Addr: a[0]}
	}
	m.emit(Event{Kind: Override, Map: -1, Index: a[1]})
	return 0, Fault{}
}
