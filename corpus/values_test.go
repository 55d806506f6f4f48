package corpus

import (
	"bytes"

	"github.com/lockstep-ebpf/lockstep/spec"
	"github.com/lockstep-ebpf/lockstep/vm"
	"github.com/lockstep-ebpf/lockstep/vm/maps"
)

// numbers is a struct of 64-bit members.
func numbers(o spec.ByteOrder, members ...uint64) []byte {
	b := make([]byte, 8*len(members))
	for i, m := range members {
		o.Binary().PutUint64(b[8*i:], m)
	}
	return b
}

// words is a struct of 32-bit members.
func words(o spec.ByteOrder, members ...uint32) []byte {
	b := make([]byte, 4*len(members))
	for i, m := range members {
		o.Binary().PutUint32(b[4*i:], m)
	}
	return b
}

// entry is a key with its value.
func entry(key, value []byte) maps.Entry { return maps.Entry{Key: key, Value: value} }

// array is an array map of 64-bit elements.
func array(o spec.ByteOrder, elements ...uint64) []maps.Entry {
	values := make([][]byte, len(elements))
	for i, e := range elements {
		values[i] = numbers(o, e)
	}
	return arrayOf(o, values...)
}

// arrayOf is an array map.
func arrayOf(o spec.ByteOrder, elements ...[]byte) []maps.Entry {
	all := make([]maps.Entry, len(elements))
	for i, e := range elements {
		all[i] = entry(words(o, uint32(i)), e)
	}
	return all
}

// perCPU makes values those of CPU 0, which runs the tests; the other CPUs have zeros.
func perCPU(all []maps.Entry) []maps.Entry {
	for i, e := range all {
		all[i].Value = append(bytes.Clone(e.Value), make([]byte, len(e.Value)*(vm.DefaultCPUs-1))...)
	}
	return all
}

// section is the only entry of .data, .bss or .rodata.
func section(value []byte) []maps.Entry { return []maps.Entry{entry(make([]byte, 4), value)} }
