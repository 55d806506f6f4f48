package vm

import (
	"github.com/lockstep-ebpf/lockstep/vm/maps"
	"github.com/lockstep-ebpf/lockstep/vm/mem"
)

// Helpers that read memory of the kernel or of a process (Linux's kernel/trace/bpf_trace.c
// and mm/maccess.c). Here both are guest memory: what may not be read there gives -EFAULT,
// or -ERANGE from those for the kernel, since no kernel has anything at such addresses.
var probeHelpers = map[int32]*Helper{
	4:   {Name: "probe_read", Args: 3, Call: probeRead},
	36:  {Name: "probe_write_user", Args: 3, Call: probeWrite},
	45:  {Name: "probe_read_str", Args: 3, Call: probeReadString},
	112: {Name: "probe_read_user", Args: 3, Call: probeRead},
	113: {Name: "probe_read_kernel", Args: 3, Call: func(m *Machine, a *[5]uint64) (uint64, Fault) { return ofKernel(m, a, probeRead) }},
	114: {Name: "probe_read_user_str", Args: 3, Call: probeReadString},
	115: {Name: "probe_read_kernel_str", Args: 3, Call: func(m *Machine, a *[5]uint64) (uint64, Fault) { return ofKernel(m, a, probeReadString) }},
	148: {Name: "copy_from_user", Args: 3, Call: probeRead},
	191: {Name: "copy_from_user_task", Args: 5, Call: copyFromTask},
}

// probeRead is bpf_probe_read(dst, size, src) and its kin: all bytes, or zeros and -EFAULT.
func probeRead(m *Machine, a *[5]uint64) (uint64, Fault) {
	n := uint32(a[1])
	if n == 0 {
		return 0, Fault{}
	}
	to, f := m.Bytes(a[0], n, mem.Write)
	if f.Kind != NoFault {
		return 0, f
	}
	if !m.Mem.Can(a[2], n, mem.Read) {
		clear(to)
		m.define(a[0], to)
		return Errno(maps.EFAULT), Fault{}
	}
	from, f := m.Bytes(a[2], n, mem.Read)
	if f.Kind != NoFault {
		return 0, f
	}
	copy(to, from)
	m.define(a[0], to)
	return 0, Fault{}
}

// ofKernel is a read of kernel memory: no address without bit 63 is in it
// (copy_from_kernel_nofault_allowed), except those of our machines.
func ofKernel(m *Machine, a *[5]uint64, read func(*Machine, *[5]uint64) (uint64, Fault)) (uint64, Fault) {
	r0, f := read(m, a)
	if r0 == Errno(maps.EFAULT) && a[2]>>63 == 0 {
		r0 = Errno(maps.ERANGE)
	}
	return r0, f
}

// copyFromTask is bpf_copy_from_user_task(dst, size, user_ptr, tsk, flags), of the one task
// that there is.
func copyFromTask(m *Machine, a *[5]uint64) (uint64, Fault) {
	if a[4] != 0 {
		return Errno(maps.EINVAL), Fault{}
	}
	return probeRead(m, a)
}

// probeReadString is bpf_probe_read_str(dst, size, unsafe_ptr) and its kin: a text with its
// NUL, cut if need be. It returns the length with the NUL. Bytes behind it stay as they are.
func probeReadString(m *Machine, a *[5]uint64) (uint64, Fault) {
	n := uint32(a[1])
	if n == 0 {
		return 0, Fault{}
	}
	to, f := m.Bytes(a[0], n, mem.Write)
	if f.Kind != NoFault {
		return 0, f
	}
	for i := range to {
		if !m.Mem.Can(a[2]+uint64(i), 1, mem.Read) {
			clear(to)
			m.define(a[0], to)
			return Errno(maps.EFAULT), Fault{}
		}
		from, f := m.Bytes(a[2]+uint64(i), 1, mem.Read)
		if f.Kind != NoFault {
			return 0, f
		}
		if to[i] = from[0]; i == len(to)-1 {
			to[i] = 0
		}
		if to[i] == 0 {
			m.define(a[0], to[:i+1])
			return uint64(i) + 1, Fault{}
		}
	}
	return 0, Fault{}
}

// probeWrite is bpf_probe_write_user(dst, src, len): -EPERM where there is nothing to write to.
func probeWrite(m *Machine, a *[5]uint64) (uint64, Fault) {
	n := uint32(a[2])
	from, f := m.Bytes(a[1], n, mem.Read)
	if f.Kind != NoFault {
		return 0, f
	}
	if !m.Mem.Can(a[0], n, mem.Read) || uint32(a[0]) < m.memory.base || uint32(a[0])+n > m.memory.base+m.memory.size {
		return Errno(maps.EPERM), Fault{}
	}
	copy(m.Mem.Bytes(uint32(a[0]), n), from)
	return 0, Fault{}
}
