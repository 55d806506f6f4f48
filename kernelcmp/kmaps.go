package kernelcmp

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
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
	case s.Type.PerCPU() && (!e.pinned || cpus < vm.DefaultCPUs):
		return fmt.Sprintf("map %s: a %s on a host where CPU 0 may not be chosen or is the only one", s.Name, s.Type)
	case s.Type.LRU() && s.MaxEntries < leastLRU:
		return fmt.Sprintf("map %s: which key a %s of less than %d entries evicts is not determined", s.Name, s.Type, leastLRU)
	case (s.Type == maps.SockMap || s.Type == maps.SockHash || s.Type == maps.XSKMap) && len(s.Entries) > 0:
		return fmt.Sprintf("map %s: a %s with sockets in it", s.Name, s.Type)
	case s.Type == maps.BloomFilter && s.Flags&maps.ZeroSeed == 0:
		return fmt.Sprintf("map %s: the mistakes of a bloom_filter without BPF_F_ZERO_SEED", s.Name)
	case n > maxReadBack && contentsShown(s.Type):
		return fmt.Sprintf("map %s: %d bytes of elements, more than %d, are not read back", s.Name, n, maxReadBack)
	}
	return ""
}

// contentsShown reports whether an outcome shows what is in a map of the type.
func contentsShown(t maps.Type) bool {
	return !t.Objects() && t != maps.RingBuf && t != maps.BloomFilter
}

// createMap makes a map of the case in the kernel. Contents follow: programs of a
// prog_array are not there yet.
func (e *executor) createMap(s *maps.Spec, inner *maps.Spec) (fd int, err error) {
	if what := e.unfitMap(s); what != "" {
		return -1, &vm.Unsupported{What: what}
	}
	m := &sysbpf.Map{Type: uint32(s.Type), KeySize: s.KeySize, ValueSize: s.ValueSize, MaxEntries: s.MaxEntries, Flags: s.Flags, Extra: s.Extra}
	if inner != nil {
		like, err := e.createMap(inner, nil)
		if err != nil {
			return -1, err
		}
		defer sysbpf.Close(like)
		m.InnerFD = uint32(like)
	}
	fd, err = sysbpf.CreateMap(m)
	return fd, mapError(s, "create", err)
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
		if err := sysbpf.Update(l.maps[n], key, value, 0); err != nil {
			return mapError(s, fmt.Sprintf("entry %x", x.Key), err)
		}
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
	if !s.Type.Objects() {
		return x.Key, x.Value, nil
	}
	n := binary.LittleEndian.Uint32(x.Value)
	key = x.Key
	fds := l.maps
	switch s.Type {
	case maps.ProgArray:
		key = binary.NativeEndian.AppendUint32(nil, binary.LittleEndian.Uint32(x.Key))
		if fds = l.programs; n >= uint32(len(fds)) {
			return nil, nil, nil
		}
	case maps.PerfEventArray:
		fd, err := l.openEvent(of, binary.NativeEndian.Uint32(x.Key), n)
		if err != nil {
			return nil, nil, &vm.Unsupported{What: fmt.Sprintf("map %s: a perf event on CPU %d: %s", s.Name, n, describe(err))}
		}
		return key, binary.NativeEndian.AppendUint32(nil, uint32(fd)), nil
	}
	if n >= uint32(len(fds)) {
		return nil, nil, &vm.Rejected{Insn: -1, Reason: fmt.Sprintf("map %s: entry %x: there is no map %d", s.Name, x.Key, n)}
	}
	return key, binary.NativeEndian.AppendUint32(nil, uint32(fds[n])), nil
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

// readMap reads all elements of a map. The error is a *vm.Unsupported if there are
// more of them than can be compared.
func readMap(fd int, s *maps.Spec) (x contents, err error) {
	switch {
	case !contentsShown(s.Type):
		return contents{}, nil
	case s.Type == maps.Queue, s.Type == maps.Stack:
		x, err = readList(fd, s)
	case s.Type == maps.Array, s.Type == maps.Hash, s.Type.PerCPU(), s.Type.LRU():
		x, err = readBatches(fd, s)
	default:
		x, err = readOneByOne(fd, s)
	}
	if err != nil {
		return contents{}, fmt.Errorf("map %s: read back: %s", s.Name, describe(err))
	}
	if n := len(x.Keys) / int(max(1, s.KeySize)); s.Type.LRU() && n > int(s.MaxEntries/2) {
		return contents{}, &vm.Unsupported{What: fmt.Sprintf("map %s: %d keys in a %s of %d: some may have been evicted", s.Name, n, s.Type, s.MaxEntries)}
	}
	return x, nil
}

func readBatches(fd int, s *maps.Spec) (contents, error) {
	var (
		size   = kernelValue(s)
		keys   = make([]byte, s.MaxEntries*s.KeySize)
		values = make([]byte, s.MaxEntries*size)
		buf    = make([]byte, 2*max(4, s.KeySize)) // where to go on: the batch before, the batch after
		cursor []byte
		n      uint32
	)
	for n < s.MaxEntries {
		next := buf[:len(buf)/2]
		if cursor != nil && &cursor[0] == &next[0] {
			next = buf[len(buf)/2:]
		}
		got, err := sysbpf.LookupBatch(fd, s.MaxEntries-n, cursor, next, keys[n*s.KeySize:], values[n*size:])
		n += got
		if errors.Is(err, syscall.ENOENT) {
			break
		}
		if err != nil {
			return contents{}, err
		}
		cursor = next
	}
	x := contents{Keys: keys[:n*s.KeySize], Values: values[:n*size]}
	if s.Type.PerCPU() {
		x.Values = nil
		for i := range n {
			x.Values = append(x.Values, shown(s, values[i*size:])...)
		}
	}
	if s.Type == maps.Array || s.Type == maps.PerCPUArray {
		x.Keys = nil
	}
	return x, nil
}

// readOneByOne is for types whose batches stop at gaps, or that have none.
func readOneByOne(fd int, s *maps.Spec) (x contents, err error) {
	var key []byte
	for {
		next, value := make([]byte, s.KeySize), make([]byte, s.ValueSize)
		if err := sysbpf.NextKey(fd, key, next); errors.Is(err, syscall.ENOENT) {
			return x, nil
		} else if err != nil {
			return x, err
		}
		switch err := sysbpf.Lookup(fd, next, value, 0); {
		case err == nil:
			x.Keys, x.Values = append(x.Keys, next...), append(x.Values, value...)
		case !errors.Is(err, syscall.ENOENT) && !errors.Is(err, syscall.EOPNOTSUPP) && !errors.Is(err, syscall.ENOSPC): // sockets cannot be read
			return x, err
		}
		key = next
	}
}

// readList takes everything out of a queue or stack, and puts it back.
func readList(fd int, s *maps.Spec) (x contents, err error) {
	var list [][]byte
	for {
		v := make([]byte, s.ValueSize)
		if err := sysbpf.LookupAndDelete(fd, nil, v, 0); errors.Is(err, syscall.ENOENT) {
			break
		} else if err != nil {
			return x, err
		}
		list = append(list, v)
		x.Values = append(x.Values, v...)
	}
	if s.Type == maps.Stack {
		slices.Reverse(list)
	}
	for _, v := range list {
		if err := sysbpf.Update(fd, nil, v, 0); err != nil {
			return x, err
		}
	}
	return x, nil
}
