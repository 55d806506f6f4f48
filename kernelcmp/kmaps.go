package kernelcmp

import (
	"encoding/binary"
	"errors"
	"fmt"
	"syscall"

	"github.com/lockstep-ebpf/lockstep/kernelcmp/internal/sysbpf"
	"github.com/lockstep-ebpf/lockstep/vm"
	"github.com/lockstep-ebpf/lockstep/vm/maps"
)

// maxReadBack is how many bytes of a map are read after an input. Larger maps
// cannot be observed in reasonable time.
const maxReadBack = 16 << 20

// kmap is a map of a case in the kernel. An array is mapped into this process for
// reading: by bpf(2) each element would take half a microsecond. Programs see no
// difference.
type kmap struct {
	fd     int
	memory []byte // of an array: elements, each rounded up to 8 bytes
}

func (m *kmap) close() {
	if m.memory != nil {
		_ = sysbpf.UnmapMemory(m.memory)
	}
	sysbpf.Close(m.fd)
}

// createMap makes a map of the case in the kernel. Contents follow: programs of a
// prog_array are not there yet.
func createMap(s *maps.Spec) (m kmap, err error) {
	if s.Type != maps.Array && s.Type != maps.Hash && s.Type != maps.ProgArray {
		return m, &vm.Unsupported{What: s.Type.String()}
	}
	if n := uint64(s.MaxEntries) * (uint64(s.KeySize) + uint64(s.ValueSize)); n > maxReadBack && s.Type != maps.ProgArray {
		return m, &vm.Unsupported{What: fmt.Sprintf("map %s: %d bytes of elements, more than %d, are not read back", s.Name, n, maxReadBack)}
	}
	attr := &sysbpf.Map{Type: uint32(s.Type), KeySize: s.KeySize, ValueSize: s.ValueSize, MaxEntries: s.MaxEntries, Flags: s.Flags}
	if s.Type == maps.Array {
		attr.Flags |= sysbpf.MapMmapable
	}
	if m.fd, err = sysbpf.CreateMap(attr); err != nil {
		return m, mapError(s, "create", err)
	}
	if s.Type != maps.Array {
		return m, nil
	}
	if m.memory, err = sysbpf.MapMemory(m.fd, int(stride(s)*s.MaxEntries), false); err != nil {
		m.close()
		return m, mapError(s, "map into memory", err)
	}
	return m, nil
}

// stride is the distance between two elements of an array.
func stride(s *maps.Spec) uint32 { return (s.ValueSize + 7) &^ 7 }

// fillMap writes the contents at the start. programs are the descriptors that a
// prog_array's values number.
func fillMap(fd int, s *maps.Spec, programs []int) error {
	for _, e := range s.Entries {
		if len(e.Key) != int(s.KeySize) || len(e.Value) != int(s.ValueSize) {
			return &vm.Rejected{Insn: -1, Reason: fmt.Sprintf("map %s: entry %x: key has %d bytes and value %d, want %d and %d",
				s.Name, e.Key, len(e.Key), len(e.Value), s.KeySize, s.ValueSize)}
		}
		key, value := e.Key, e.Value
		if s.Type == maps.ProgArray { // little-endian on every host, as package maps has it
			n := binary.LittleEndian.Uint32(value)
			if n >= uint32(len(programs)) {
				continue // no program there: the tail call falls through, as in our machines
			}
			key = binary.NativeEndian.AppendUint32(nil, binary.LittleEndian.Uint32(e.Key))
			value = binary.NativeEndian.AppendUint32(nil, uint32(programs[n]))
		}
		if err := sysbpf.UpdateMap(fd, key, value); err != nil {
			return mapError(s, fmt.Sprintf("entry %x", e.Key), err)
		}
	}
	return nil
}

// mapError tells a map that the kernel does not want from one that it cannot make
// just now.
func mapError(s *maps.Spec, what string, err error) error {
	if err == nil {
		return nil
	}
	text := fmt.Sprintf("map %s: %s: %s", s.Name, what, describe(err))
	if errors.Is(err, syscall.ENOMEM) || errors.Is(err, syscall.EPERM) {
		return &vm.Unsupported{What: text}
	}
	return &vm.Rejected{Insn: -1, Reason: text}
}

// read gives all elements of a map.
func (m *kmap) read(s *maps.Spec) (contents, error) {
	switch s.Type {
	case maps.Array:
		return contents{Values: m.readArray(s)}, nil
	case maps.Hash:
		return m.readHash(s)
	}
	return contents{}, nil
}

func (m *kmap) readArray(s *maps.Spec) []byte {
	values := make([]byte, 0, s.MaxEntries*s.ValueSize)
	for i := range s.MaxEntries {
		values = append(values, m.memory[i*stride(s):][:s.ValueSize]...)
	}
	return values
}

func (m *kmap) readHash(s *maps.Spec) (contents, error) {
	var (
		keys   = make([]byte, s.MaxEntries*s.KeySize)
		values = make([]byte, s.MaxEntries*s.ValueSize)
		size   = max(4, s.KeySize)
		cursor []byte
		next   = make([]byte, size)
		spare  = make([]byte, size)
		n      uint32
	)
	for n < s.MaxEntries {
		got, err := sysbpf.LookupBatch(m.fd, s.MaxEntries-n, cursor, next, keys[n*s.KeySize:], values[n*s.ValueSize:])
		n += got
		if errors.Is(err, syscall.ENOENT) {
			break
		}
		if err != nil {
			return contents{}, fmt.Errorf("map %s: read back: %s", s.Name, describe(err))
		}
		cursor, next, spare = next, spare, next
	}
	return contents{Keys: keys[:n*s.KeySize], Values: values[:n*s.ValueSize]}, nil
}
