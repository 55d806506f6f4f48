package vm

import (
	"bytes"
	"testing"

	"github.com/lockstep-ebpf/lockstep/vm/hook"
	"github.com/lockstep-ebpf/lockstep/vm/maps"
	"github.com/lockstep-ebpf/lockstep/vm/mem"
)

// bench is a World with one map and a Machine whose r1 points to 64 bytes.
func bench(t *testing.T, s *maps.Spec, memory []byte) (*World, *Machine) {
	t.Helper()
	w := NewWorldIn(mem.NewList())
	m := w.NewMachine()
	if _, err := w.AddMap(s); err != nil {
		t.Fatal(err)
	}
	if err := m.Setup(hook.Unspec, &Input{Memory: append(memory, make([]byte, 64-len(memory))...)}); err != nil {
		t.Fatal(err)
	}
	return w, m
}

func callHelper(t *testing.T, m *Machine, id int32, args ...uint64) (int64, Fault) {
	t.Helper()
	var a [5]uint64
	copy(a[:], args)
	r0, f := HelperByID(id).Call(m, &a)
	return int64(r0), f
}

var theMap = MapAddress(0)

// TestMachinesSeeTheirOwnValues: bpf_map_lookup_elem gives this CPU's value,
// bpf_map_lookup_percpu_elem any CPU's (include/uapi/linux/bpf.h).
func TestMachinesSeeTheirOwnValues(t *testing.T) {
	w, first := bench(t, &maps.Spec{Type: maps.PerCPUArray, KeySize: 4, ValueSize: 8, MaxEntries: 1}, nil)
	second := w.NewMachine()
	if err := second.Setup(hook.Unspec, &Input{Memory: make([]byte, 64)}); err != nil {
		t.Fatal(err)
	}
	a, _ := callHelper(t, first, HelperMapLookup, theMap, first.R1)
	b, _ := callHelper(t, second, HelperMapLookup, theMap, second.R1)
	other, _ := callHelper(t, first, 195, theMap, first.R1, 1)
	none, _ := callHelper(t, first, 195, theMap, first.R1, 2)
	if a == b || b != other || none != 0 {
		t.Errorf("values at %#x and %#x; the second seen from the first at %#x, a third at %#x", a, b, other, none)
	}
	if _, f := callHelper(t, second, HelperMapUpdate, theMap, second.R1, second.R1); f.Kind != NoFault {
		t.Error(f)
	}
	w.Mem.Store(uint64(b), 1, 7, false)
	var o Outcome
	first.Observe(Result{}, &o)
	if want := []byte{0, 0, 0, 0, 0, 0, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0}; !bytes.Equal(o.Maps[0][0].Value, want) {
		t.Errorf("all values: %x", o.Maps[0][0].Value)
	}
}

// TestReadOnlyMapsAreNotChanged: the verifier's record_func_map refuses update,
// delete, push and pop on a map with BPF_F_RDONLY_PROG.
func TestReadOnlyMapsAreNotChanged(t *testing.T) {
	want := Fault{Kind: FaultHelper, Addr: theMap}
	_, m := bench(t, &maps.Spec{Type: maps.Hash, KeySize: 4, ValueSize: 8, MaxEntries: 1, Flags: maps.ReadOnly}, nil)
	for _, id := range []int32{HelperMapUpdate, HelperMapDelete} {
		if _, f := callHelper(t, m, id, theMap, m.R1, m.R1); f != want {
			t.Errorf("helper %d: %v", id, f)
		}
	}
	_, m = bench(t, &maps.Spec{Type: maps.Queue, ValueSize: 8, MaxEntries: 1, Flags: maps.ReadOnly}, nil)
	for _, id := range []int32{87, 88} {
		if _, f := callHelper(t, m, id, theMap, m.R1); f != want {
			t.Errorf("helper %d: %v", id, f)
		}
	}
	if r0, f := callHelper(t, m, 89, theMap, m.R1); f.Kind != NoFault || r0 != -int64(maps.ENOENT) {
		t.Errorf("peek: %d, %v", r0, f)
	}
}

// TestPopDefines: what a helper writes has a defined value, even where it writes
// zeroes because there is nothing.
func TestPopDefines(t *testing.T) {
	_, m := bench(t, &maps.Spec{Type: maps.Stack, ValueSize: 8, MaxEntries: 1}, nil)
	r10 := m.OpenFrame(0, mem.RW|mem.Undef)
	if r0, f := callHelper(t, m, 88, theMap, r10-16); f.Kind != NoFault || r0 != -int64(maps.ENOENT) {
		t.Errorf("pop: %d, %v", r0, f)
	}
	if _, undef, ok := m.Mem.Load(r10-16, 8); undef || !ok {
		t.Errorf("popped value: undefined %v, readable %v", undef, ok)
	}
	if _, undef, _ := m.Mem.Load(r10-8, 8); !undef {
		t.Error("the bytes behind it became defined")
	}
}

func TestRingBufferHelpers(t *testing.T) {
	_, m := bench(t, &maps.Spec{Type: maps.RingBuf, MaxEntries: 4096}, []byte("hello"))
	if r0, _ := callHelper(t, m, 130, theMap, m.R1, 5, 2); r0 != 0 {
		t.Errorf("output: %d", r0)
	}
	if r0, _ := callHelper(t, m, 130, theMap, m.R1, 5, 4); r0 != -int64(maps.EINVAL) {
		t.Errorf("output with an unknown flag: %d", r0)
	}
	m.TracksUndef = true // as under the reference VM
	at, _ := callHelper(t, m, 131, theMap, 8, 0)
	if _, undef, ok := m.Mem.Load(uint64(at), 8); !ok || !undef {
		t.Errorf("reserved: readable %v, undefined %v", ok, undef)
	}
	m.Mem.Store(uint64(at)+1, 1, 7, false)
	if _, f := callHelper(t, m, 132, uint64(at)+1, 0); f.Kind != FaultHelper {
		t.Errorf("submitting the middle of a record: %v", f)
	}
	if _, f := callHelper(t, m, 132, uint64(at), 1); f.Kind != NoFault {
		t.Errorf("submit: %v", f)
	}
	if _, f := callHelper(t, m, 133, uint64(at), 0); f.Kind != FaultHelper {
		t.Errorf("discarding what was submitted: %v", f)
	}
	if r0, _ := callHelper(t, m, 131, theMap, 8, 1); r0 != 0 {
		t.Errorf("reserve with flags: %#x", r0)
	}
	for what, want := range []int64{16 + 16, 4096, 0, 16 + 16, 0} {
		if r0, _ := callHelper(t, m, 134, theMap, uint64(what)); r0 != want {
			t.Errorf("query %d: %d, want %d", what, r0, want)
		}
	}
	want := []Event{
		{Kind: RingRecord, Flags: 2, Data: []byte("hello")},
		{Kind: RingRecord, Flags: 1, Data: []byte{0, 7, 0, 0, 0, 0, 0, 0}, Undef: []bool{true, false, true, true, true, true, true, true}},
	}
	if d, ok := Compare(&Outcome{Events: want}, &Outcome{Events: m.Events}, ObsEvents); !ok {
		t.Errorf("events: %s", d)
	}
	if m.Events[1].Undef == nil {
		t.Error("unwritten bytes of a record are not marked")
	}
}

// TestPerfEventOutput: kernel/trace/bpf_trace.c, __bpf_perf_event_output, and
// net/core/filter.c for programs with a packet.
func TestPerfEventOutput(t *testing.T) {
	s := &maps.Spec{Type: maps.PerfEventArray, KeySize: 4, ValueSize: 4, MaxEntries: 3, Entries: []maps.Entry{
		{Key: []byte{0, 0, 0, 0}, Value: []byte{0, 0, 0, 0}}, {Key: []byte{1, 0, 0, 0}, Value: []byte{1, 0, 0, 0}},
	}}
	_, m := bench(t, s, nil)
	if err := m.Setup(hook.XDP, &Input{Packet: []byte{1, 2, 3, 4}}); err != nil {
		t.Fatal(err)
	}
	r10 := m.OpenFrame(0, mem.RW)
	m.Mem.Store(r10-8, 1, 9, false)
	for _, tt := range []struct {
		flags uint64
		want  int64
	}{
		{0, 0},
		{0xffff_ffff, 0},
		{1, -int64(maps.EOPNOTSUPP)},
		{2, -int64(maps.ENOENT)},
		{3, -int64(maps.E2BIG)},
		{5 << 32, -int64(maps.EFAULT)},
		{1 << 60, -int64(maps.EINVAL)},
		{2<<32 | 0xffff_ffff, 0},
	} {
		if r0, f := callHelper(t, m, 25, m.R1, theMap, tt.flags, r10-8, 1); r0 != tt.want || f.Kind != NoFault {
			t.Errorf("flags %#x: %d, %v, want %d", tt.flags, r0, f, tt.want)
		}
	}
	if len(m.Events) != 3 || !bytes.Equal(m.Events[2].Data, []byte{9, 1, 2}) {
		t.Errorf("events %v", m.Events)
	}
}

// TestRedirectMap: include/linux/filter.h, __bpf_xdp_redirect_map.
func TestRedirectMap(t *testing.T) {
	s := &maps.Spec{Type: maps.DevMap, KeySize: 4, ValueSize: 4, MaxEntries: 2, Entries: []maps.Entry{
		{Key: []byte{1, 0, 0, 0}, Value: []byte{5, 0, 0, 0}},
	}}
	_, m := bench(t, s, nil)
	for _, tt := range []struct {
		index, flags uint64
		want         int64
	}{
		{1, 0, 4}, {1, 2, 4}, {0, 2, 2}, {0, 0, 0}, {9, 3, 3}, {0, 8, 4}, {1, 64, 0}, {1 << 32, 1, 1},
	} {
		if r0, f := callHelper(t, m, 51, theMap, tt.index, tt.flags); r0 != tt.want || f.Kind != NoFault {
			t.Errorf("index %d, flags %d: %d, %v, want %d", tt.index, tt.flags, r0, f, tt.want)
		}
	}
	if len(m.Events) != 3 || m.Events[0].Kind != Redirect || m.Events[0].Index != 1 {
		t.Errorf("events %v", m.Events)
	}
}

// TestLookupInMapsOfMaps gives the inner map's own address.
func TestLookupInMapsOfMaps(t *testing.T) {
	inner := &maps.Spec{Type: maps.Array, KeySize: 4, ValueSize: 8, MaxEntries: 1}
	w, m := bench(t, inner, nil)
	fd, err := w.AddMap(&maps.Spec{
		Type: maps.ArrayOfMaps, KeySize: 4, ValueSize: 4, MaxEntries: 2,
		Entries: []maps.Entry{{Key: make([]byte, 4), Value: make([]byte, 4)}},
	})
	if err != nil {
		t.Fatal(err)
	}
	got, _ := callHelper(t, m, HelperMapLookup, MapAddress(fd), m.R1)
	if uint64(got) != theMap || w.MapAt(uint64(got)) != w.Maps[0] {
		t.Errorf("inner map at %#x, want %#x", got, theMap)
	}
	value, f := callHelper(t, m, HelperMapLookup, uint64(got), m.R1)
	if f.Kind != NoFault || value != mem.ValueBase {
		t.Errorf("value at %#x, %v", value, f)
	}
}

// TestEveryMapTypeLeavesNothing makes and uses a map of each type; after Reset its
// memory is zero and inaccessible.
func TestEveryMapTypeLeavesNothing(t *testing.T) {
	gm, err := mem.New()
	if err != nil {
		t.Fatal(err)
	}
	w := NewWorldIn(gm)
	defer w.Close()
	m := w.NewMachine()
	for typ := range maps.Type(64) {
		if !typ.Simulated() {
			continue
		}
		s := &maps.Spec{Type: typ, KeySize: 4, ValueSize: 4, MaxEntries: 4}
		switch {
		case typ.Keyless():
			s.KeySize = 0
		case typ == maps.RingBuf:
			s.KeySize, s.ValueSize, s.MaxEntries = 0, 0, 4096
		case typ == maps.LPMTrie:
			s.KeySize, s.Flags = 8, maps.NoPrealloc
		case typ == maps.StackTrace:
			s.ValueSize = 8
		case typ == maps.ArrayOfMaps, typ == maps.HashOfMaps:
			s.Inner = &maps.Spec{Type: maps.Array, KeySize: 4, ValueSize: 4, MaxEntries: 1}
		}
		fd, err := w.AddMap(s)
		if err != nil {
			t.Fatal(err)
		}
		if err := m.Setup(hook.Unspec, &Input{Memory: []byte{1, 0, 0, 0, 1, 0, 0, 0, 0xff, 0xff, 0xff, 0xff}}); err != nil {
			t.Fatal(err)
		}
		callHelper(t, m, HelperMapUpdate, MapAddress(fd), m.R1, m.R1)
		if at, _ := callHelper(t, m, 131, MapAddress(fd), 64, 0); at != 0 {
			gm.Store(uint64(at), 8, ^uint64(0), false)
		}
	}
	end := w.nextValue
	if err := w.Reset(); err != nil {
		t.Fatal(err)
	}
	for i, b := range gm.Bytes(mem.ValueBase, end-mem.ValueBase) {
		if p := gm.Perms(mem.ValueBase+uint32(i), 1)[0]; b != 0 || p != 0 {
			t.Fatalf("residue %#x, permission %d at %#x", b, p, mem.ValueBase+i)
		}
	}
}
