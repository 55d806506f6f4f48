package vm

import (
	"github.com/lockstep-ebpf/lockstep/vm/maps"
	"github.com/lockstep-ebpf/lockstep/vm/mem"
)

// Helpers about who runs. The task is Env's.
var taskHelpers = map[int32]*Helper{
	14:  {Name: "get_current_pid_tgid", Call: func(m *Machine, _ *[5]uint64) (uint64, Fault) { return join(m.Env.Task.TGID, m.Env.Task.PID), Fault{} }},
	15:  {Name: "get_current_uid_gid", Call: func(m *Machine, _ *[5]uint64) (uint64, Fault) { return join(m.Env.Task.GID, m.Env.Task.UID), Fault{} }},
	16:  {Name: "get_current_comm", Args: 2, Call: currentComm},
	35:  {Name: "get_current_task", Call: func(m *Machine, _ *[5]uint64) (uint64, Fault) { return uint64(m.kernel() + taskAt), Fault{} }},
	37:  {Name: "current_task_under_cgroup", Args: 2, Call: underCgroup},
	80:  {Name: "get_current_cgroup_id", Call: func(m *Machine, _ *[5]uint64) (uint64, Fault) { return m.cgroup(-1), Fault{} }},
	109: {Name: "send_signal", Args: 1, Call: sendSignal},
	117: {Name: "send_signal_thread", Args: 1, Call: sendSignal},
	120: {Name: "get_ns_current_pid_tgid", Args: 4, Call: nsPID},
	123: {Name: "get_current_ancestor_cgroup_id", Args: 1, Call: func(m *Machine, a *[5]uint64) (uint64, Fault) { return m.cgroup(int(int32(a[0]))), Fault{} }},
	158: {Name: "get_current_task_btf", Call: func(m *Machine, _ *[5]uint64) (uint64, Fault) { return uint64(m.kernel() + taskAt), Fault{} }},
}

func join(high, low uint32) uint64 { return uint64(high)<<32 | uint64(low) }

// currentComm is bpf_get_current_comm(buf, size): the name, cut to the buffer, and NULs.
func currentComm(m *Machine, a *[5]uint64) (uint64, Fault) {
	to, f := m.Bytes(a[0], uint32(a[1]), mem.Write)
	if f.Kind != NoFault {
		return 0, f
	}
	name := m.Env.Task.Comm
	clear(to)
	if len(to) > 0 {
		copy(to[:len(to)-1], name[:min(len(name), 15)])
	}
	m.define(a[0], to)
	return 0, Fault{}
}

// cgroup is the id of the task's control group at a level, the root's being 0; -1 is its
// own. 0 where there is none.
func (m *Machine) cgroup(level int) uint64 {
	ids := m.Env.Task.Cgroups
	if level == -1 {
		level = len(ids) - 1
	}
	if level < 0 || level >= len(ids) {
		return 0
	}
	return ids[level]
}

// underCgroup is bpf_current_task_under_cgroup(map, index): whether the task's group or one
// above it is the group at index of a cgroup array.
func underCgroup(m *Machine, a *[5]uint64) (uint64, Fault) {
	groups, ok := m.World.MapAt(a[0]).(maps.Cgroups)
	if !ok {
		return 0, Fault{Kind: FaultHelper, Addr: a[0]}
	}
	x := m.World.MapAt(a[0])
	if uint32(a[1]) >= x.Spec().MaxEntries {
		return Errno(maps.E2BIG), Fault{}
	}
	id, ok := groups.Cgroup(uint32(a[1]))
	if !ok {
		return Errno(maps.EAGAIN), Fault{}
	}
	for _, g := range m.Env.Task.Cgroups {
		if g == uint64(id) {
			return 1, Fault{}
		}
	}
	return 0, Fault{}
}

// sendSignal is bpf_send_signal(sig), to the process or the thread: an event.
func sendSignal(m *Machine, a *[5]uint64) (uint64, Fault) {
	const last = 64 // _NSIG
	switch sig := uint32(a[0]); {
	case sig == 0:
		return 0, Fault{}
	case sig > last:
		return Errno(maps.EINVAL), Fault{}
	default:
		m.emit(Event{Kind: Signal, Map: -1, Index: uint64(sig)})
	}
	return 0, Fault{}
}

// nsPID is bpf_get_ns_current_pid_tgid(dev, ino, nsdata, size).
func nsPID(m *Machine, a *[5]uint64) (uint64, Fault) {
	to, f := m.Bytes(a[2], uint32(a[3]), mem.Write)
	if f.Kind != NoFault {
		return 0, f
	}
	clear(to)
	m.define(a[2], to)
	ns, t := &m.Env.Task.PidNS, &m.Env.Task
	if len(to) != 8 || a[0] != ns.Dev || a[1] != ns.Ino {
		return Errno(maps.EINVAL), Fault{}
	}
	pid, tgid := ns.PID, ns.TGID
	if ns.Dev == 0 && ns.Ino == 0 {
		pid, tgid = t.PID, t.TGID
	}
	m.Mem.Order.Binary().PutUint32(to, pid)
	m.Mem.Order.Binary().PutUint32(to[4:], tgid)
	return 0, Fault{}
}
