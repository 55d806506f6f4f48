package vm

import (
	"strings"

	"github.com/lockstep-ebpf/lockstep/vm/hook"
	"github.com/lockstep-ebpf/lockstep/vm/maps"
	"github.com/lockstep-ebpf/lockstep/vm/mem"
)

// Helpers of cgroup_sysctl programs (Linux's kernel/bpf/cgroup.c). The access is Env's.
var sysctlHelpers = map[int32]*Helper{
	101: {Name: "sysctl_get_name", Args: 4, Call: sysctlName},
	102: {Name: "sysctl_get_current_value", Args: 3, Call: func(m *Machine, a *[5]uint64) (uint64, Fault) {
		return sysctlValue(m, a, func(s *Sysctl) string { return s.Current }, maps.EINVAL)
	}},
	103: {Name: "sysctl_get_new_value", Args: 3, Call: func(m *Machine, a *[5]uint64) (uint64, Fault) {
		return sysctlValue(m, a, func(s *Sysctl) string { return s.New }, maps.EINVAL)
	}},
	104: {Name: "sysctl_set_new_value", Args: 3, Call: sysctlSet},
}

func sysctlArg(m *Machine, a *[5]uint64) (*Sysctl, Fault) {
	if m.hook.Type != hook.CgroupSysctl || a[0] != m.R1 {
		return nil, Fault{Kind: FaultHelper, Addr: a[0]}
	}
	if m.Env.Sysctl == nil {
		return &Sysctl{}, Fault{}
	}
	return m.Env.Sysctl, Fault{}
}

// textOut writes a text and its NUL, cut if need be: then the result is -E2BIG.
func (m *Machine) textOut(at, size uint64, text string) (uint64, Fault) {
	to, f := m.Bytes(at, uint32(size), mem.Write)
	if f.Kind != NoFault {
		return 0, f
	}
	clear(to)
	m.define(at, to)
	if len(to) == 0 {
		return Errno(maps.EINVAL), Fault{}
	}
	copy(to[:len(to)-1], text)
	if len(text) >= len(to) {
		return Errno(maps.E2BIG), Fault{}
	}
	return uint64(len(text)), Fault{}
}

// sysctlName is bpf_sysctl_get_name(ctx, buf, buf_len, flags): the whole name with slashes,
// or by flag 1 its last part.
func sysctlName(m *Machine, a *[5]uint64) (uint64, Fault) {
	s, f := sysctlArg(m, a)
	if f.Kind != NoFault {
		return 0, f
	}
	name := s.Name
	if a[3]&1 != 0 {
		name = name[strings.LastIndexByte(name, '/')+1:]
	}
	return m.textOut(a[1], a[2], name)
}

func sysctlValue(m *Machine, a *[5]uint64, of func(*Sysctl) string, none maps.Errno) (uint64, Fault) {
	s, f := sysctlArg(m, a)
	if f.Kind != NoFault {
		return 0, f
	}
	if of(s) == "" {
		to, f := m.Bytes(a[1], uint32(a[2]), mem.Write)
		clear(to)
		return Errno(none), f
	}
	return m.textOut(a[1], a[2], of(s))
}

// sysctlSet is bpf_sysctl_set_new_value(ctx, buf, buf_len), when a value is being written.
func sysctlSet(m *Machine, a *[5]uint64) (uint64, Fault) {
	const page = 4096
	s, f := sysctlArg(m, a)
	if f.Kind != NoFault {
		return 0, f
	}
	b, f := m.Bytes(a[1], uint32(a[2]), mem.Read)
	switch {
	case f.Kind != NoFault:
		return 0, f
	case s.New == "" || len(b) == 0:
		return Errno(maps.EINVAL), Fault{}
	case len(b) > page-1:
		return Errno(maps.E2BIG), Fault{}
	}
	s.Override = string(b)
	return 0, Fault{}
}
