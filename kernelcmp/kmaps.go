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

// leastLRU is the smallest LRU map that the kernel does not evict from as long as
// it is half empty: it hands out free slots to CPUs in batches of 128.
const leastLRU = 1024

// unfitMap says what of a map cannot be compared.
func (e *executor) unfitMap(s *maps.Spec) string {
	switch n := uint64(s.MaxEntries) * (uint64(s.KeySize) + uint64(kernelValue(s))); {
	case !s.Type.Simulated():
		return s.Type.String()
	case len(s.Fields) > 0:
		return fmt.Sprintf("map %s: values with a %s", s.Name, s.Fields[0].Kind)
	case s.Type.PerCPU() && (!e.pinned || cpus() < vm.DefaultCPUs):
		return fmt.Sprintf("map %s: a %s on a host where CPU 0 may not be chosen or is the only one", s.Name, s.Type)
	case s.Type.LRU() && s.MaxEntries < leastLRU:
		return fmt.Sprintf("map %s: which key a %s of less than %d entries evicts is not determined", s.Name, s.Type, leastLRU)
	case s.Type == maps.XSKMap && len(s.Entries) > 0:
		return fmt.Sprintf("map %s: a %s with sockets in it", s.Name, s.Type)
	case ofSockets(s.Type) && s.ValueSize != 8 && len(s.Entries) > 0:
		return fmt.Sprintf("map %s: a %s with values of %d bytes: user space can see which socket is where only if they have 8", s.Name, s.Type, s.ValueSize)
	case s.Type == maps.BloomFilter && s.Flags&maps.ZeroSeed == 0:
		return fmt.Sprintf("map %s: the mistakes of a bloom_filter without BPF_F_ZERO_SEED", s.Name)
	case n > maxReadBack && contentsShown(s.Type):
		return fmt.Sprintf("map %s: %d bytes of elements, more than %d, are not read back", s.Name, n, maxReadBack)
	}
	return ""
}

// ofSockets reports whether a map of the type holds sockets that messages go to.
func ofSockets(t maps.Type) bool { return t == maps.SockMap || t == maps.SockHash }

// contentsShown reports whether an outcome shows what is in a map of the type.
func contentsShown(t maps.Type) bool {
	return !t.Objects() && t != maps.RingBuf && t != maps.BloomFilter
}

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
// prog_array are not there yet. If programs are only loaded, the map may be of any type.
func (e *executor) createMap(s *maps.Spec, inner *maps.Spec, loadOnly bool) (m kmap, err error) {
	if what := e.unfitMap(s); what != "" && !loadOnly {
		return m, &vm.Unsupported{What: what}
	}
	attr := &sysbpf.Map{Type: uint32(s.Type), KeySize: s.KeySize, ValueSize: s.ValueSize, MaxEntries: s.MaxEntries, Flags: s.Flags, Extra: s.Extra}
	mapped := s.Type == maps.Array && len(s.Fields) == 0
	if mapped {
		attr.Flags |= sysbpf.MapMmapable
	}
	if len(s.Fields) > 0 || ofStorage(s.Type) {
		handle, key, value, err := valueTypes(s)
		if err != nil {
			return m, mapError(s, "BTF", err)
		}
		defer handle.Close()
		attr.BTF, attr.KeyType, attr.ValueType = handle.FD(), key, value
	}
	if inner != nil {
		like, err := e.createMap(inner, nil, loadOnly)
		if err != nil {
			return m, err
		}
		defer like.close()
		attr.InnerFD = uint32(like.fd)
	}
	if m.fd, err = sysbpf.CreateMap(attr); err != nil {
		return m, mapError(s, "create", err)
	}
	if !mapped {
		return m, nil
	}
	if m.memory, err = sysbpf.MapMemory(m.fd, int(round8(s.ValueSize)*s.MaxEntries), false); err != nil {
		m.close()
		return m, mapError(s, "map into memory", err)
	}
	return m, nil
}

// template is what the maps in a map of maps look like, as package maps finds it.
func template(s *maps.Spec, all []maps.Spec) *maps.Spec {
	if s.Type != maps.ArrayOfMaps && s.Type != maps.HashOfMaps || s.Inner != nil || len(s.Entries) == 0 || len(s.Entries[0].Value) != 4 {
		return s.Inner
	}
	if n := binary.LittleEndian.Uint32(s.Entries[0].Value); n < uint32(len(all)) {
		return &all[n]
	}
	return nil
}

// fillMap writes the contents at the start of map n.
func (e *executor) fillMap(l *loaded, n int, s *maps.Spec) error {
	if s.Type == maps.RingBuf {
		return mapError(s, "map into memory", l.openRing(n, s))
	}
	for _, x := range s.Entries {
		size := len(x.Value)
		if len(x.Key) != int(s.KeySize) || size != int(s.ValueSize) && size != int(shownValue(s)) {
			return &vm.Rejected{Insn: -1, Reason: fmt.Sprintf("map %s: entry %x: key has %d bytes and value %d, want %d and %d",
				s.Name, x.Key, len(x.Key), size, s.KeySize, shownValue(s))}
		}
		key, value, err := e.native(l, n, s, x)
		if err != nil {
			return err
		}
		if value == nil {
			continue // no program there: the tail call falls through, as in our machines
		}
		if err := sysbpf.Update(l.maps[n].fd, key, value, 0); err != nil {
			if ofSockets(s.Type) {
				return socketError(s, fmt.Sprintf("entry %x", x.Key), err)
			}
			return mapError(s, fmt.Sprintf("entry %x", x.Key), err)
		}
	}
	return nil
}

// freeze fills a map before any program is loaded, whose verifier looks into it then.
func (e *executor) freeze(l *loaded, n int, s *maps.Spec) error {
	if err := e.fillMap(l, n, s); err != nil {
		return err
	}
	if err := sysbpf.Freeze(l.maps[n].fd); err != nil {
		return mapError(s, "freeze", err)
	}
	return nil
}

// native turns an entry into what the kernel takes: descriptors for the numbers of
// objects, a value for every CPU. Numbers are little-endian on every host, as
// package maps has it, and so are the keys of a prog_array.
func (e *executor) native(l *loaded, of int, s *maps.Spec, x maps.Entry) (key, value []byte, err error) {
	if s.Type.PerCPU() {
		return x.Key, perCPUValue(s, x.Value), nil
	}
	if !s.Type.Objects() && !ofSockets(s.Type) {
		return x.Key, x.Value, nil
	}
	n := binary.LittleEndian.Uint32(x.Value)
	key = x.Key
	switch s.Type {
	case maps.ProgArray:
		if n >= uint32(len(l.programs)) {
			return nil, nil, nil
		}
		key = binary.NativeEndian.AppendUint32(nil, binary.LittleEndian.Uint32(x.Key))
		return key, binary.NativeEndian.AppendUint32(nil, uint32(l.programs[n])), nil
	case maps.PerfEventArray:
		fd, err := l.openEvent(of, binary.NativeEndian.Uint32(x.Key), n)
		if err != nil {
			return nil, nil, &vm.Unsupported{What: fmt.Sprintf("map %s: a perf event on CPU %d: %s", s.Name, n, describe(err))}
		}
		return key, binary.NativeEndian.AppendUint32(nil, uint32(fd)), nil
	case maps.CgroupArray:
		return nil, nil, &vm.Unsupported{What: fmt.Sprintf("map %s: a control group by its id", s.Name)}
	case maps.SockMap, maps.SockHash:
		fd, err := l.sockets.number(n)
		if err != nil {
			return nil, nil, err
		}
		return key, binary.NativeEndian.AppendUint64(nil, uint64(fd)), nil
	}
	if n >= uint32(len(l.maps)) {
		return nil, nil, &vm.Rejected{Insn: -1, Reason: fmt.Sprintf("map %s: entry %x: there is no map %d", s.Name, x.Key, n)}
	}
	return key, binary.NativeEndian.AppendUint32(nil, uint32(l.maps[n].fd)), nil
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
