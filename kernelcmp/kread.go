package kernelcmp

import (
	"errors"
	"fmt"
	"slices"
	"syscall"

	"github.com/lockstep-ebpf/lockstep/kernelcmp/internal/sysbpf"
	"github.com/lockstep-ebpf/lockstep/vm"
	"github.com/lockstep-ebpf/lockstep/vm/maps"
)

// read gives all elements of a map. The error is a *vm.Unsupported if there are
// more of them than can be compared.
func (m *kmap) read(s *maps.Spec) (x contents, err error) {
	switch {
	case !contentsShown(s.Type):
		return contents{}, nil
	case s.Type == maps.Array:
		return contents{Values: m.readArray(s)}, nil
	case s.Type == maps.Queue, s.Type == maps.Stack:
		x, err = readList(m.fd, s)
	case s.Type == maps.Hash, s.Type.PerCPU(), s.Type.LRU():
		if x, err = readBatches(m.fd, s); errors.Is(err, sysbpf.ENOTSUPP) || errors.Is(err, syscall.EINVAL) {
			x, err = readOneByOne(m.fd, s) // per-CPU arrays have batches since 5.13
		}
	default:
		x, err = readOneByOne(m.fd, s)
	}
	if err != nil {
		return contents{}, fmt.Errorf("map %s: read back: %s", s.Name, describe(err))
	}
	if n := len(x.Keys) / int(max(1, s.KeySize)); s.Type.LRU() && n > int(s.MaxEntries/2) {
		return contents{}, &vm.Unsupported{What: fmt.Sprintf("map %s: %d keys in a %s of %d: some may have been evicted", s.Name, n, s.Type, s.MaxEntries)}
	}
	return x, nil
}

func (m *kmap) readArray(s *maps.Spec) []byte {
	values := make([]byte, 0, s.MaxEntries*s.ValueSize)
	for i := range s.MaxEntries {
		values = append(values, m.memory[i*round8(s.ValueSize):][:s.ValueSize]...)
	}
	return values
}

func readBatches(fd int, s *maps.Spec) (contents, error) {
	var (
		size   = kernelValue(s)
		keys   = make([]byte, s.MaxEntries*s.KeySize)
		values = make([]byte, s.MaxEntries*size)
		cursor []byte
		next   = make([]byte, max(4, s.KeySize))
		spare  = make([]byte, max(4, s.KeySize))
		n      uint32
	)
	for n < s.MaxEntries {
		got, err := sysbpf.LookupBatch(fd, s.MaxEntries-n, cursor, next, keys[n*s.KeySize:], values[n*size:])
		n += got
		if errors.Is(err, syscall.ENOENT) {
			break
		}
		if err != nil {
			return contents{}, err
		}
		cursor, next, spare = next, spare, next
	}
	x := contents{Keys: keys[:n*s.KeySize], Values: values[:n*size]}
	return x.shown(s), nil
}

// shown cuts the values of per-CPU maps down to what an outcome shows.
func (x contents) shown(s *maps.Spec) contents {
	if !s.Type.PerCPU() {
		return x
	}
	all := x.Values
	x.Values = nil
	for size := int(kernelValue(s)); len(all) >= size && size > 0; all = all[size:] {
		x.Values = append(x.Values, shown(s, all)...)
	}
	if s.Type == maps.PerCPUArray {
		x.Keys = nil
	}
	return x
}

// readOneByOne is for types whose batches stop at gaps, or that have none.
func readOneByOne(fd int, s *maps.Spec) (x contents, err error) {
	var key []byte
	for {
		next, value := make([]byte, s.KeySize), make([]byte, kernelValue(s))
		if err := sysbpf.NextKey(fd, key, next); errors.Is(err, syscall.ENOENT) {
			return x.shown(s), nil
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
