package object

import (
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/cilium/ebpf"

	"github.com/lockstep-ebpf/lockstep/spec"
	"github.com/lockstep-ebpf/lockstep/vm"
	"github.com/lockstep-ebpf/lockstep/vm/maps"
)

func convertMap(name string, m *ebpf.MapSpec, order spec.ByteOrder) *Map {
	out := &Map{Spec: maps.Spec{
		Name: name, Type: maps.Type(m.Type), Flags: m.Flags,
		KeySize: m.KeySize, ValueSize: m.ValueSize, MaxEntries: m.MaxEntries, Extra: m.MapExtra,
		Fields: fields(m.Value),
	}}
	if i := m.InnerMap; i != nil {
		out.Inner = &maps.Spec{Type: maps.Type(i.Type), Flags: i.Flags, KeySize: i.KeySize, ValueSize: i.ValueSize, MaxEntries: i.MaxEntries, Fields: fields(i.Value)}
	}
	fillIn(&out.Spec)
	for _, kv := range m.Contents {
		key, ok := kv.Key.(uint32)
		switch value := kv.Value.(type) {
		case []byte: // a data section
			k := make([]byte, 4)
			order.Binary().PutUint32(k, key)
			out.Entries = append(out.Entries, maps.Entry{Key: k, Value: value})
			out.Frozen = m.Flags&maps.ReadOnly != 0 // as loaders do with .rodata
		case string: // a program, or an inner map
			if out.Programs == nil {
				out.Programs = map[uint32]string{}
			}
			out.Programs[key] = value
		default:
			ok = false
		}
		if !ok {
			out.Unready = fmt.Errorf("initial contents of type %T: %T are not understood; fill the map from user space", kv.Key, kv.Value)
		}
	}
	return out
}

// fillIn sets what an object may leave to its loader, as loaders do: a map of objects
// has keys and values of four bytes, unless it is a hash, and there is a perf buffer
// or a cpumap's queue for each CPU (fixupMagicFields in cilium/ebpf,
// map_set_def_max_entries in libbpf). The CPUs are those of a World that was not
// asked for more.
func fillIn(s *maps.Spec) {
	if s.Type.Objects() && s.Type != maps.HashOfMaps && s.KeySize == 0 {
		s.KeySize = 4
	}
	if s.Type.Objects() && s.ValueSize == 0 {
		s.ValueSize = 4
	}
	if (s.Type == maps.PerfEventArray || s.Type == maps.CPUMap) && s.MaxEntries == 0 {
		s.MaxEntries = vm.DefaultCPUs
	}
}

// slots lists the indices of a prog_array that the object fills, ascending.
func (m *Map) slots() []uint32 {
	slots := make([]uint32, 0, len(m.Programs))
	for i := range m.Programs {
		slots = append(slots, i)
	}
	slices.Sort(slots)
	return slots
}

// progEntry is an entry of a prog_array: little-endian always (see package maps).
func progEntry(slot, number uint32) maps.Entry {
	return maps.Entry{
		Key:   binary.LittleEndian.AppendUint32(nil, slot),
		Value: binary.LittleEndian.AppendUint32(nil, number),
	}
}

// innerEntry is an entry of a map of maps: the key is the guest's, the number
// little-endian.
func innerEntry(o spec.ByteOrder, slot, number uint32) maps.Entry {
	key := make([]byte, 4)
	o.Binary().PutUint32(key, slot)
	return maps.Entry{Key: key, Value: binary.LittleEndian.AppendUint32(nil, number)}
}
