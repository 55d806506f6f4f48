package maps

import (
	"bytes"
	"fmt"
	"slices"

	"github.com/lockstep-ebpf/lockstep/vm/mem"
)

// Map is a live map as programs see it. Keys and values passed in have the sizes
// of the Spec; callers check that. Methods may be called from several machines at
// once.
type Map interface {
	Spec() *Spec

	// Lookup gives the guest address of a key's value.
	Lookup(key []byte) (addr uint32, ok bool)
	// Update writes a value; flags are Any, NoExist or Exist.
	Update(key, value []byte, flags uint64) error
	// Delete removes a key.
	Delete(key []byte) error
	// Entries appends the contents in order of key bytes. Keys and values are copies,
	// made in the buffers of entries that dst has beyond its length, if any.
	Entries(dst []Entry) []Entry
	// ValueAt gives the guest address at offset off of the map's memory, for LDDW of
	// a map value. ok is false where the map or offset has none.
	ValueAt(off uint32) (addr uint32, ok bool)
}

// PerCPU is a Map whose keys have a value for each CPU. Its Lookup and Update are
// those of CPU 0.
type PerCPU interface {
	LookupCPU(key []byte, cpu uint32) (addr uint32, ok bool)
	UpdateCPU(key, value []byte, flags uint64, cpu uint32) error
}

// Pusher is a Map without keys: a queue, a stack, a bloom filter.
type Pusher interface {
	Push(value []byte, flags uint64) error
	// Pop removes the first value and copies it to dst.
	Pop(dst []byte) error
	// Peek copies the first value to dst. A bloom filter says whether value may be
	// in it.
	Peek(value []byte) error
}

// Redirector is a Map of places that packets can be sent to.
type Redirector interface {
	// Target reports whether there is one at index.
	Target(index uint32) bool
}

// Sockets is a Map of sockets.
type Sockets interface {
	// Socket is the number of the socket under a key.
	Socket(key []byte) (n uint32, ok bool)
}

// TailCaller is a map that names programs.
type TailCaller interface {
	Program(i uint32) (prog uint32, ok bool)
}

// Place is where in a World a map is made.
type Place struct {
	Mem  *mem.Memory
	Base uint32 // where values start; Room bytes must be free
	CPUs uint32 // of the World; at least 1
	Maps *[]Map // the World's, for maps of maps; may be nil
}

// Address is the guest address of the World's map number fd: what an LDDW of a map
// and a lookup in a map of maps yield.
func Address(fd uint32) uint32 { return mem.MapBase + fd*mem.MapStride }

// New makes the map. The error says which attribute is wrong, and is the Errno that
// Linux has for it.
func New(s *Spec, at Place) (Map, error) {
	if err := s.check(); err != nil {
		return nil, err
	}
	if uint64(at.Base)+s.Room(at.CPUs) > mem.ValueEnd {
		return nil, fmt.Errorf("map %s: %d bytes of values do not fit into guest memory: %w", s.Name, s.Room(at.CPUs), E2BIG)
	}
	made, err := s.make(at)
	if err != nil {
		return nil, err
	}
	for _, e := range s.Entries {
		if err := fill(made, &e, at.CPUs); err != nil {
			return nil, fmt.Errorf("map %s: entry %x: %w", s.Name, e.Key, err)
		}
	}
	if t, ok := made.(interface{ filled() }); ok {
		t.filled()
	}
	made.(holder).obj().frozen = s.Frozen
	return made, nil
}

func (s *Spec) make(at Place) (Map, error) {
	switch s.Type {
	case Array:
		return newArray(s, at), nil
	case PerCPUArray:
		return newPerCPUArray(s, at), nil
	case Hash, LRUHash:
		return newHash(s, at), nil
	case PerCPUHash, LRUPerCPUHash:
		return newPerCPUHash(s, at), nil
	case LPMTrie:
		return newTrie(s, at), nil
	case Queue, Stack:
		return newQueue(s, at), nil
	case BloomFilter:
		return newBloom(s, at), nil
	case RingBuf:
		return newRing(s, at), nil
	case ProgArray:
		return newProgArray(s, at), nil
	case PerfEventArray:
		return newPerfArray(s, at), nil
	case CgroupArray:
		return newCgroupArray(s, at), nil
	case ArrayOfMaps:
		return newArrayOfMaps(s, at)
	case HashOfMaps:
		return newHashOfMaps(s, at)
	case DevMap:
		return newDevMap(s, at), nil
	case DevMapHash:
		return newDevHash(s, at), nil
	case CPUMap:
		return newCPUMap(s, at), nil
	case XSKMap, SockMap:
		return newSockets(s, at), nil
	case SockHash:
		return newSockHash(s, at), nil
	case StackTrace:
		return newStackTrace(s, at), nil
	}
	panic("maps: " + s.Type.String() + " passed the check and cannot be made")
}

// fill writes an entry of the Spec, as user space would.
func fill(m Map, e *Entry, cpus uint32) error {
	s, value := m.Spec(), e.Value
	if s.Type.PerCPU() && len(value) == int(s.ValueSize) {
		one := make([]byte, round8(s.ValueSize))
		copy(one, value)
		value = nil
		for range cpus {
			value = append(value, one...)
		}
	}
	if size := s.userValue(cpus); len(e.Key) != int(s.KeySize) || len(value) != int(size) {
		return fmt.Errorf("key has %d bytes and value %d, want %d and %d", len(e.Key), len(value), s.KeySize, size)
	}
	return update(m, e.Key, value, Any)
}

// nextEntry appends an entry that keeps the buffers of the one it overwrites.
func nextEntry(dst []Entry) ([]Entry, *Entry) {
	if len(dst) < cap(dst) {
		dst = dst[:len(dst)+1]
	} else {
		dst = append(dst, Entry{})
	}
	e := &dst[len(dst)-1]
	e.Key, e.Value, e.Undef = e.Key[:0], e.Value[:0], nil
	return dst, e
}

// copyValue copies a value out of guest memory.
func (e *Entry) copyValue(m *mem.Memory, addr, size uint32) {
	e.Value = append(e.Value, m.Bytes(addr, size)...)
	e.Undef = m.UndefIn(addr, size)
}

func sortEntries(es []Entry) {
	slices.SortFunc(es, func(a, b Entry) int { return bytes.Compare(a.Key, b.Key) })
}
