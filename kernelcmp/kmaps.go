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

// createMap makes a map of the case in the kernel. Contents follow: programs of a
// prog_array are not there yet.
func createMap(s *maps.Spec) (fd int, err error) {
	if s.Type != maps.Array && s.Type != maps.Hash && s.Type != maps.ProgArray {
		return -1, &vm.Unsupported{What: s.Type.String()}
	}
	if n := uint64(s.MaxEntries) * (uint64(s.KeySize) + uint64(s.ValueSize)); n > maxReadBack && s.Type != maps.ProgArray {
		return -1, &vm.Unsupported{What: fmt.Sprintf("map %s: %d bytes of elements, more than %d, are not read back", s.Name, n, maxReadBack)}
	}
	fd, err = sysbpf.CreateMap(&sysbpf.Map{
		Type: uint32(s.Type), KeySize: s.KeySize, ValueSize: s.ValueSize, MaxEntries: s.MaxEntries, Flags: s.Flags,
	})
	return fd, mapError(s, "create", err)
}

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

// readMap reads all elements of an array or a hash.
func readMap(fd int, s *maps.Spec) (contents, error) {
	if s.Type == maps.ProgArray {
		return contents{}, nil
	}
	var (
		keys   = make([]byte, s.MaxEntries*s.KeySize)
		values = make([]byte, s.MaxEntries*s.ValueSize)
		buf    = make([]byte, 2*max(4, s.KeySize)) // where to go on: the batch before, the batch after
		cursor []byte
		n      uint32
	)
	for n < s.MaxEntries {
		next := buf[:len(buf)/2]
		if cursor != nil && &cursor[0] == &next[0] {
			next = buf[len(buf)/2:]
		}
		got, err := sysbpf.LookupBatch(fd, s.MaxEntries-n, cursor, next, keys[n*s.KeySize:], values[n*s.ValueSize:])
		n += got
		if errors.Is(err, syscall.ENOENT) {
			break
		}
		if err != nil {
			return contents{}, fmt.Errorf("map %s: read back: %s", s.Name, describe(err))
		}
		cursor = next
	}
	x := contents{Keys: keys[:n*s.KeySize], Values: values[:n*s.ValueSize]}
	if s.Type == maps.Array {
		x.Keys = nil
	}
	return x, nil
}
