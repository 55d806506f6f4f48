package maps

import (
	"encoding/binary"

	"github.com/lockstep-ebpf/lockstep/vm/mem"
)

// array has a value for every index from the start; none is ever created or
// deleted (Linux's kernel/bpf/arraymap.c).
type array struct {
	spec *Spec
	mem  *mem.Memory
	base uint32
}

func newArray(s *Spec, m *mem.Memory, base uint32) *array {
	a := &array{s, m, base}
	m.Reserve(base, s.stride()*s.MaxEntries)
	for i := range s.MaxEntries {
		m.Allow(a.at(i), s.ValueSize, s.perm())
	}
	return a
}

func (a *array) Spec() *Spec        { return a.spec }
func (a *array) at(i uint32) uint32 { return a.base + i*a.spec.stride() }

func (a *array) Lookup(key []byte) (uint32, bool) {
	i := a.mem.Order.Binary().Uint32(key)
	if i >= a.spec.MaxEntries {
		return 0, false
	}
	return a.at(i), true
}

func (a *array) Update(key, value []byte, flags uint64) error {
	if flags > Exist {
		return EINVAL
	}
	addr, ok := a.Lookup(key)
	if !ok {
		return E2BIG
	}
	if flags == NoExist {
		return EEXIST
	}
	copy(a.mem.Bytes(addr, a.spec.ValueSize), value)
	a.mem.Allow(addr, a.spec.ValueSize, a.spec.perm())
	return nil
}

func (a *array) Delete([]byte) error { return EINVAL }

func (a *array) Entries(dst []Entry) []Entry {
	for i := range a.spec.MaxEntries {
		var e *Entry
		dst, e = nextEntry(dst)
		e.Key = append(e.Key, 0, 0, 0, 0)
		a.mem.Order.Binary().PutUint32(e.Key, i)
		e.copyValue(a.mem, a.at(i), a.spec.ValueSize)
	}
	return dst
}

// ValueAt: Linux allows direct values for arrays of one element only.
func (a *array) ValueAt(off uint32) (uint32, bool) {
	if a.spec.MaxEntries != 1 || off >= a.spec.ValueSize {
		return 0, false
	}
	return a.base + off, true
}

// progArray holds programs for tail calls, by index into the World's programs.
// Programs cannot read it (Linux's prog_array_map_ops has no lookup for them).
type progArray struct {
	spec  *Spec
	progs map[uint32]uint32
}

func newProgArray(s *Spec) *progArray { return &progArray{s, map[uint32]uint32{}} }

func (p *progArray) Spec() *Spec                   { return p.spec }
func (p *progArray) Lookup([]byte) (uint32, bool)  { return 0, false }
func (p *progArray) ValueAt(uint32) (uint32, bool) { return 0, false }

// Program is the program at index i.
func (p *progArray) Program(i uint32) (prog uint32, ok bool) {
	prog, ok = p.progs[i]
	return prog, ok
}

// Update takes the number of a program as the value. Keys and values of a
// prog_array are the loader's, not the guest's: always little-endian.
func (p *progArray) Update(key, value []byte, flags uint64) error {
	i := binary.LittleEndian.Uint32(key)
	if flags != Any {
		return EINVAL
	}
	if i >= p.spec.MaxEntries {
		return E2BIG
	}
	p.progs[i] = binary.LittleEndian.Uint32(value)
	return nil
}

func (p *progArray) Delete(key []byte) error {
	i := binary.LittleEndian.Uint32(key)
	if _, ok := p.progs[i]; !ok {
		return ENOENT
	}
	delete(p.progs, i)
	return nil
}

// Entries is empty: programs are not contents that a run can change.
func (p *progArray) Entries(dst []Entry) []Entry { return dst }

// TailCaller is a map that names programs.
type TailCaller interface {
	Program(i uint32) (prog uint32, ok bool)
}
