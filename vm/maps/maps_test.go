package maps

import (
	"encoding/binary"
	"errors"
	"testing"

	"github.com/lockstep-ebpf/lockstep/vm/mem"
)

func key(v uint32) []byte   { return binary.LittleEndian.AppendUint32(nil, v) }
func value(v uint64) []byte { return binary.LittleEndian.AppendUint64(nil, v) }

// op is one call on a map and what Linux answers (kernel/bpf/arraymap.c and
// hashtab.c; bpf(2) and the map selftests have the error numbers).
type op struct {
	do    string // update, delete, lookup
	key   uint32
	flags uint64
	value uint64 // written, or expected by lookup
	want  error
}

func TestMapsAnswerAsLinux(t *testing.T) {
	for _, tt := range []struct {
		name string
		spec Spec
		ops  []op
	}{
		{"array", Spec{Type: Array, KeySize: 4, ValueSize: 8, MaxEntries: 3}, []op{
			{do: "lookup", key: 2, value: 0},
			{do: "update", key: 2, value: 7},
			{do: "lookup", key: 2, value: 7},
			{do: "update", key: 3, value: 7, want: E2BIG},
			{do: "lookup", key: 3, want: ENOENT},
			{do: "update", key: 0, flags: NoExist, want: EEXIST},
			{do: "update", key: 0, flags: Exist, value: 9},
			{do: "update", key: 0, flags: 3, want: EINVAL},
			{do: "delete", key: 0, want: EINVAL},
		}},
		{"hash", Spec{Type: Hash, KeySize: 4, ValueSize: 8, MaxEntries: 2}, []op{
			{do: "lookup", key: 1, want: ENOENT},
			{do: "update", key: 1, flags: Exist, want: ENOENT},
			{do: "update", key: 1, flags: NoExist, value: 5},
			{do: "update", key: 1, flags: NoExist, want: EEXIST},
			{do: "update", key: 9, value: 6},
			{do: "update", key: 3, value: 6, want: E2BIG},
			{do: "update", key: 9, value: 8}, // replacing works in a full table
			{do: "lookup", key: 9, value: 8},
			{do: "delete", key: 1},
			{do: "delete", key: 1, want: ENOENT},
			{do: "update", key: 3, value: 6},
			{do: "lookup", key: 3, value: 6},
			{do: "update", key: 3, flags: 7, want: EINVAL},
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m := mem.NewList()
			x, err := New(&tt.spec, Place{Mem: m, Base: mem.ValueBase, CPUs: 1})
			if err != nil {
				t.Fatal(err)
			}
			for i, o := range tt.ops {
				if got := o.run(x, m); !errors.Is(got, o.want) {
					t.Errorf("op %d, %s %d: %v, want %v", i, o.do, o.key, got, o.want)
				}
			}
		})
	}
}

func (o *op) run(x Map, m *mem.Memory) error {
	switch o.do {
	case "update":
		return x.Update(key(o.key), value(o.value), o.flags)
	case "delete":
		return x.Delete(key(o.key))
	}
	addr, ok := x.Lookup(key(o.key))
	if !ok {
		return ENOENT
	}
	if got, _, _ := m.Load(uint64(addr), 8); got != o.value {
		return errors.New("wrong value")
	}
	return nil
}

// A program that holds the address of a value sees the old bytes after the value
// is replaced, as in Linux; and values never touch.
func TestHashReplacesInANewSlot(t *testing.T) {
	m := mem.NewList()
	x, err := New(&Spec{Type: Hash, KeySize: 4, ValueSize: 8, MaxEntries: 1, Entries: []Entry{{Key: key(1), Value: value(10)}}}, Place{Mem: m, Base: mem.ValueBase, CPUs: 1})
	if err != nil {
		t.Fatal(err)
	}
	before, _ := x.Lookup(key(1))
	if err := x.Update(key(1), value(11), Any); err != nil {
		t.Fatal(err)
	}
	after, _ := x.Lookup(key(1))
	if v, _, ok := m.Load(uint64(before), 8); !ok || v != 10 {
		t.Errorf("the old value is %d, %v", v, ok)
	}
	if v, _, _ := m.Load(uint64(after), 8); v != 11 || before == after {
		t.Errorf("the new value is %d at %#x, the old one is at %#x", v, after, before)
	}
	if _, _, ok := m.Load(uint64(after)+8, 1); ok {
		t.Error("no red zone behind a value")
	}
}

func TestSpecsThatLinuxRefuses(t *testing.T) {
	for _, tt := range []struct {
		spec Spec
		want error
	}{
		{Spec{Type: Array, KeySize: 8, ValueSize: 8, MaxEntries: 1}, EINVAL},
		{Spec{Type: Array, KeySize: 4, ValueSize: 8}, EINVAL},
		{Spec{Type: Hash, KeySize: 0, ValueSize: 8, MaxEntries: 1}, EINVAL},
		{Spec{Type: Hash, KeySize: 4, ValueSize: 1 << 30, MaxEntries: 1}, E2BIG},
		{Spec{Type: ProgArray, KeySize: 4, ValueSize: 8, MaxEntries: 1}, EINVAL},
		{Spec{Type: 99, KeySize: 4, ValueSize: 8, MaxEntries: 1}, EINVAL},
		{Spec{Type: Array, KeySize: 4, ValueSize: 1 << 20, MaxEntries: 1 << 20}, E2BIG},
	} {
		if _, err := New(&tt.spec, Place{Mem: mem.NewList(), Base: mem.ValueBase, CPUs: 1}); !errors.Is(err, tt.want) {
			t.Errorf("%+v: %v, want %v", tt.spec, err, tt.want)
		}
	}
}
