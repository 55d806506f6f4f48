package vm

import (
	"testing"

	"github.com/lockstep-ebpf/lockstep/vm/hook"
	"github.com/lockstep-ebpf/lockstep/vm/maps"
	"github.com/lockstep-ebpf/lockstep/vm/mem"
)

// BenchmarkWorldWithMaps is the part of a fuzzed program that maps take: making an
// array and a hash, using them, looking at them, resetting.
func BenchmarkWorldWithMaps(b *testing.B) {
	gm, err := mem.New()
	if err != nil {
		b.Fatal(err)
	}
	w := NewWorldIn(gm)
	defer w.Close()
	m := w.NewMachine()
	array := &maps.Spec{Name: "a", Type: maps.Array, KeySize: 4, ValueSize: 8, MaxEntries: 4}
	hash := &maps.Spec{Name: "h", Type: maps.Hash, KeySize: 8, ValueSize: 8, MaxEntries: 4}
	in := &Input{Memory: make([]byte, 64)}
	var o Outcome
	b.ReportAllocs()
	for b.Loop() {
		if err := w.Reset(); err != nil {
			b.Fatal(err)
		}
		for _, s := range []*maps.Spec{array, hash} {
			if _, err := w.AddMap(s); err != nil {
				b.Fatal(err)
			}
		}
		if err := m.Setup(hook.Unspec, in); err != nil {
			b.Fatal(err)
		}
		for _, id := range []int32{HelperMapUpdate, HelperMapLookup, HelperMapLookup} {
			for fd := range uint64(2) {
				HelperByID(id).Call(m, &[5]uint64{MapAddress(int(fd)), m.R1, m.R1 + 8, 0})
			}
		}
		m.Observe(Result{}, &o)
	}
}

// BenchmarkMapLookup is one bpf_map_lookup_elem.
func BenchmarkMapLookup(b *testing.B) {
	w := NewWorldIn(mem.NewList())
	m := w.NewMachine()
	key := []byte{1, 0, 0, 0}
	for _, s := range []*maps.Spec{
		{Name: "array", Type: maps.Array, KeySize: 4, ValueSize: 8, MaxEntries: 4},
		{Name: "hash", Type: maps.Hash, KeySize: 4, ValueSize: 8, MaxEntries: 4, Entries: []maps.Entry{{Key: key, Value: make([]byte, 8)}}},
	} {
		fd, err := w.AddMap(s)
		if err != nil {
			b.Fatal(err)
		}
		if err := m.Setup(hook.Unspec, &Input{Memory: key}); err != nil {
			b.Fatal(err)
		}
		b.Run(s.Name, func(b *testing.B) {
			a := [5]uint64{MapAddress(fd), m.R1}
			call := HelperByID(HelperMapLookup).Call
			for b.Loop() {
				call(m, &a)
			}
		})
	}
}
