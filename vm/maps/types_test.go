package maps

import (
	"bytes"
	"encoding/hex"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/lockstep-ebpf/lockstep/vm/mem"
)

// unhex reads bytes written with blanks.
func unhex(t *testing.T, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// call is a call on a map. in and want are bytes in hex; an error leaves want empty.
type call struct {
	do       string // of a User: lookup, update, delete, take, next, freeze; of a program: see program
	key, in  string
	flags    uint64
	want     string
	wantFail error
}

func build(t *testing.T, s *Spec, others ...*Spec) (Map, *mem.Memory) {
	t.Helper()
	m := mem.NewList()
	var all []Map
	for i, o := range others {
		x, err := New(o, Place{Mem: m, Base: mem.ValueBase + uint32(i)<<16, CPUs: 2, Maps: &all})
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, x)
	}
	x, err := New(s, Place{Mem: m, Base: mem.ValueBase + 1<<24, CPUs: 2, Maps: &all})
	if err != nil {
		t.Fatal(err)
	}
	return x, m
}

func (c *call) run(t *testing.T, x Map, m *mem.Memory) (got []byte, err error) {
	u, key, in := User{x}, unhex(t, c.key), unhex(t, c.in)
	if len(key) == 0 {
		key = nil
	}
	switch c.do {
	case "update":
		return nil, u.Update(key, in, c.flags)
	case "delete":
		return nil, u.Delete(key)
	case "freeze":
		return nil, u.Freeze()
	case "lookup", "take":
		got = make([]byte, u.ValueSize())
		copy(got, in)
		if c.do == "lookup" {
			return got, u.Lookup(key, got, c.flags)
		}
		return got, u.LookupAndDelete(key, got, c.flags)
	case "next":
		got = make([]byte, x.Spec().KeySize)
		return got, u.NextKey(key, got)
	}
	return c.program(x, m, key, in)
}

// program is what a program on CPU 1 does.
func (c *call) program(x Map, m *mem.Memory, key, in []byte) (got []byte, err error) {
	switch c.do {
	case "p.update":
		if p, ok := x.(PerCPU); ok {
			return nil, p.UpdateCPU(key, in, c.flags, 1)
		}
		return nil, x.Update(key, in, c.flags)
	case "p.lookup":
		addr, ok := x.Lookup(key)
		if p, isPerCPU := x.(PerCPU); isPerCPU {
			addr, ok = p.LookupCPU(key, 1)
		}
		if !ok {
			return nil, ENOENT
		}
		return m.Bytes(addr, x.Spec().ValueSize), nil
	case "push":
		return nil, x.(Pusher).Push(in, c.flags)
	case "pop":
		got = make([]byte, x.Spec().ValueSize)
		return got, x.(Pusher).Pop(got)
	}
	return nil, errors.New("no such call: " + c.do)
}

// TestTypesAnswerAsLinux holds what kernelcmp's random comparison found equal to
// Linux 6.18, a few calls a type, for hosts without bpf(2).
func TestTypesAnswerAsLinux(t *testing.T) {
	inner := &Spec{Name: "inner", Type: Array, KeySize: 4, ValueSize: 8, MaxEntries: 1}
	longer := &Spec{Name: "longer", Type: Array, KeySize: 4, ValueSize: 8, MaxEntries: 2}
	for _, tt := range []struct {
		name  string
		spec  Spec
		calls []call
	}{
		{"percpu_array", Spec{Type: PerCPUArray, KeySize: 4, ValueSize: 5, MaxEntries: 2}, []call{
			{do: "p.update", key: "01000000", in: "0102030405"},
			{do: "p.lookup", key: "01000000", want: "0102030405"},
			{do: "lookup", key: "01000000", want: "0000000000000000 0102030405000000"},
			{do: "update", key: "00000000", in: "1111111111111111 2222222222222222"},
			{do: "p.lookup", key: "00000000", want: "2222222222"},
			{do: "lookup", key: "00000000", want: "1111111111111111 2222222222222222"}, // what is between is kept
			{do: "lookup", key: "02000000", wantFail: ENOENT},
			{do: "update", key: "02000000", in: "0000000000000000 0000000000000000", wantFail: E2BIG},
			{do: "next", key: "01000000", wantFail: ENOENT},
			{do: "next", key: "07000000", want: "00000000"},
			{do: "take", key: "00000000", wantFail: ENOTSUPP},
		}},
		{"percpu_hash", Spec{Type: PerCPUHash, KeySize: 1, ValueSize: 4, MaxEntries: 1}, []call{
			{do: "update", key: "01", in: "aaaaaaaa00000000 bbbbbbbb00000000"},
			{do: "p.update", key: "02", in: "00000000", wantFail: E2BIG},
			{do: "take", key: "01", want: "aaaaaaaa00000000 bbbbbbbb00000000"},
			{do: "p.update", key: "02", in: "cccccccc"}, // nothing of the old values is left
			{do: "lookup", key: "02", want: "0000000000000000 cccccccc00000000"},
			{do: "p.update", key: "02", in: "dddddddd", flags: NoExist, wantFail: EEXIST},
		}},
		{"lpm_trie", Spec{Type: LPMTrie, KeySize: 8, ValueSize: 1, MaxEntries: 3, Flags: NoPrealloc}, []call{
			{do: "update", key: "08000000 0a0000ff", in: "08"},
			{do: "update", key: "18000000 0a010200", in: "18"},
			{do: "update", key: "18000000 0a010300", in: "19"},
			{do: "update", key: "00000000 00000000", in: "00", wantFail: ENOSPC},
			{do: "lookup", key: "20000000 0a010263", want: "18"},
			{do: "lookup", key: "20000000 0a630263", want: "08"},
			{do: "lookup", key: "17000000 0a010263", want: "08"}, // no longer prefix than the key's
			{do: "lookup", key: "20000000 0b010263", wantFail: ENOENT},
			{do: "lookup", key: "21000000 0a010263", wantFail: ENOENT},
			{do: "next", want: "18000000 0a010200"}, // the more specific first
			{do: "next", key: "18000000 0a010200", want: "18000000 0a010300"},
			{do: "next", key: "18000000 0a010300", want: "08000000 0a0000ff"}, // bits as written
			{do: "next", key: "08000000 0a000000", wantFail: ENOENT},
			{do: "update", key: "08000000 0a000000", in: "09", flags: NoExist, wantFail: EEXIST},
			{do: "update", key: "21000000 0a000000", in: "09", wantFail: EINVAL},
			{do: "delete", key: "10000000 0a010000", wantFail: ENOENT}, // prefixes part here, none ends
			{do: "delete", key: "18000000 0a010200"},
			{do: "lookup", key: "20000000 0a010263", want: "08"},
		}},
		{"queue", Spec{Type: Queue, ValueSize: 1, MaxEntries: 2}, []call{
			{do: "pop", want: "00", wantFail: ENOENT},
			{do: "push", in: "01"},
			{do: "push", in: "02"},
			{do: "push", in: "03", wantFail: E2BIG},
			{do: "push", in: "03", flags: Exist}, // 01 goes
			{do: "push", in: "03", flags: NoExist, wantFail: EINVAL},
			{do: "lookup", want: "02"},
			{do: "pop", want: "02"},
			{do: "take", want: "03"},
			{do: "delete", wantFail: EINVAL},
			{do: "next", wantFail: EINVAL},
		}},
		{"stack", Spec{Type: Stack, ValueSize: 1, MaxEntries: 2}, []call{
			{do: "push", in: "01"},
			{do: "push", in: "02"},
			{do: "push", in: "03", flags: Exist},
			{do: "pop", want: "03"},
			{do: "pop", want: "02"},
			{do: "pop", wantFail: ENOENT},
		}},
		{"bloom_filter", Spec{Type: BloomFilter, ValueSize: 4, MaxEntries: 100}, []call{
			{do: "push", in: "01020304"},
			{do: "lookup", in: "01020304", want: "01020304"},
			{do: "lookup", in: "01020305", wantFail: ENOENT},
			{do: "push", in: "01020304", flags: NoExist, wantFail: EINVAL},
			{do: "pop", wantFail: EOPNOTSUPP},
			{do: "delete", wantFail: EOPNOTSUPP},
			{do: "next", wantFail: EOPNOTSUPP},
		}},
		{"array_of_maps", Spec{Type: ArrayOfMaps, KeySize: 4, ValueSize: 4, MaxEntries: 2, Inner: inner}, []call{
			{do: "update", key: "00000000", in: "01000000", wantFail: EINVAL}, // of another length
			{do: "update", key: "00000000", in: "07000000", wantFail: EBADF},
			{do: "update", key: "00000000", in: "00000000", flags: NoExist, wantFail: EINVAL},
			{do: "lookup", key: "00000000", wantFail: ENOENT},
			{do: "update", key: "00000000", in: "00000000"},
			{do: "lookup", key: "00000000", want: "00000000"},
			{do: "delete", key: "02000000", wantFail: E2BIG},
			{do: "delete", key: "00000000"},
			{do: "delete", key: "00000000", wantFail: ENOENT},
		}},
		{"hash_of_maps", Spec{Type: HashOfMaps, KeySize: 1, ValueSize: 4, MaxEntries: 1, Inner: inner}, []call{
			{do: "update", key: "05", in: "00000000", flags: Exist, wantFail: ENOENT},
			{do: "update", key: "05", in: "00000000"},
			{do: "update", key: "06", in: "00000000", wantFail: E2BIG},
			{do: "update", key: "06", in: "01000000", wantFail: EINVAL},
			{do: "take", key: "05", wantFail: ENOTSUPP},
		}},
		{"perf_event_array", Spec{Type: PerfEventArray, KeySize: 4, ValueSize: 4, MaxEntries: 2}, []call{
			{do: "update", key: "00000000", in: "00000000"},
			{do: "lookup", key: "00000000", wantFail: ENOTSUPP},
			{do: "delete", key: "01000000", wantFail: ENOENT},
			{do: "delete", key: "02000000", wantFail: E2BIG},
		}},
		{"prog_array", Spec{Type: ProgArray, KeySize: 4, ValueSize: 4, MaxEntries: 2}, []call{
			{do: "update", key: "01000000", in: "03000000"},
			{do: "lookup", key: "01000000", want: "03000000"},
			{do: "p.lookup", key: "01000000", wantFail: ENOENT},
			{do: "delete", key: "02000000", wantFail: E2BIG},
		}},
		{"devmap", Spec{Type: DevMap, KeySize: 4, ValueSize: 8, MaxEntries: 2}, []call{
			{do: "update", key: "00000000", in: "01000000 00000000", flags: NoExist, wantFail: EEXIST},
			{do: "update", key: "00000000", in: "01000000 ffffffff"},
			{do: "p.lookup", key: "00000000", want: "01000000 00000000"},
			{do: "update", key: "00000000", in: "00000000 00000000"}, // deletes
			{do: "lookup", key: "00000000", wantFail: ENOENT},
			{do: "delete", key: "00000000"},
			{do: "delete", key: "02000000", wantFail: EINVAL},
		}},
		{"devmap_hash", Spec{Type: DevMapHash, KeySize: 4, ValueSize: 4, MaxEntries: 1}, []call{
			{do: "update", key: "00000001", in: "00000000", wantFail: EINVAL},
			{do: "update", key: "00000001", in: "01000000", flags: Exist}, // creates all the same
			{do: "update", key: "00000002", in: "01000000", wantFail: E2BIG},
			{do: "delete", key: "00000002", wantFail: ENOENT},
		}},
		{"cpumap", Spec{Type: CPUMap, KeySize: 4, ValueSize: 4, MaxEntries: 8}, []call{
			{do: "update", key: "01000000", in: "00400000"},
			{do: "update", key: "01000000", in: "01400000", wantFail: EOVERFLOW},
			{do: "update", key: "02000000", in: "00400000", wantFail: ENODEV},
			{do: "update", key: "08000000", in: "00400000", wantFail: E2BIG},
			{do: "lookup", key: "01000000", want: "00400000"},
		}},
		{"xskmap", Spec{Type: XSKMap, KeySize: 4, ValueSize: 4, MaxEntries: 1}, []call{
			{do: "update", key: "00000000", in: "01000000", flags: Exist, wantFail: ENOENT},
			{do: "update", key: "00000000", in: "01000000"},
			{do: "update", key: "00000000", in: "02000000", flags: NoExist, wantFail: EEXIST},
			{do: "lookup", key: "00000000", wantFail: EOPNOTSUPP},
		}},
		{"sockmap", Spec{Type: SockMap, KeySize: 4, ValueSize: 4, MaxEntries: 1}, []call{
			{do: "delete", key: "00000000", wantFail: EINVAL},
			{do: "lookup", key: "00000000", wantFail: ENOSPC},
			{do: "update", key: "00000000", in: "00000000", wantFail: EBADF},
		}},
		{"ringbuf", Spec{Type: RingBuf, MaxEntries: 4096}, []call{
			{do: "lookup", wantFail: ENOTSUPP},
			{do: "update", wantFail: ENOTSUPP},
			{do: "next", wantFail: ENOTSUPP},
		}},
		{"frozen", Spec{Type: Array, KeySize: 4, ValueSize: 1, MaxEntries: 1}, []call{
			{do: "freeze"},
			{do: "freeze", wantFail: EPERM},
			{do: "update", key: "00000000", in: "01", wantFail: EPERM},
			{do: "p.update", key: "00000000", in: "01"}, // programs may
			{do: "lookup", key: "00000000", want: "01"},
		}},
		{"read-only for user space", Spec{Type: Hash, KeySize: 1, ValueSize: 1, MaxEntries: 1, Flags: UserReadOnly}, []call{
			{do: "update", key: "00", in: "01", wantFail: EPERM},
			{do: "delete", key: "00", wantFail: EPERM},
			{do: "take", key: "00", wantFail: EPERM},
			{do: "lookup", key: "00", wantFail: ENOENT},
		}},
		{"write-only for user space", Spec{Type: Hash, KeySize: 1, ValueSize: 1, MaxEntries: 1, Flags: UserWriteOnly}, []call{
			{do: "update", key: "00", in: "01"},
			{do: "lookup", key: "00", wantFail: EPERM},
			{do: "next", wantFail: EPERM},
		}},
		{"flags of calls", Spec{Type: Hash, KeySize: 1, ValueSize: 1, MaxEntries: 1}, []call{
			{do: "lookup", key: "00", flags: 1, wantFail: EINVAL},
			{do: "lookup", key: "00", flags: Lock, wantFail: EINVAL},
			{do: "update", key: "00", in: "01", flags: Lock, wantFail: EINVAL},
			{do: "update", key: "0000", in: "01", wantFail: EINVAL},
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			x, m := build(t, &tt.spec, inner, longer)
			for i, c := range tt.calls {
				got, err := c.run(t, x, m)
				if !errors.Is(err, c.wantFail) {
					t.Errorf("call %d, %s %s: %v, want %v", i, c.do, c.key, err, c.wantFail)
				}
				if want := unhex(t, c.want); (err == nil || len(want) > 0) && !bytes.Equal(got, want) {
					t.Errorf("call %d, %s %s: %x, want %x", i, c.do, c.key, got, want)
				}
			}
		})
	}
}

// TestInnerMapsMadeLater: an entry of a Spec may name a map that does not exist yet;
// user space may not.
func TestInnerMapsMadeLater(t *testing.T) {
	m := mem.NewList()
	var all []Map
	add := func(s *Spec) Map {
		x, err := New(s, Place{Mem: m, Base: mem.ValueBase + uint32(len(all))<<16, CPUs: 2, Maps: &all})
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, x)
		return x
	}
	inner := &Spec{Type: Hash, KeySize: 4, ValueSize: 4, MaxEntries: 1}
	outer := add(&Spec{Type: ArrayOfMaps, KeySize: 4, ValueSize: 4, MaxEntries: 2, Inner: inner, Entries: []Entry{
		{Key: key(0), Value: key(1)}, {Key: key(1), Value: key(2)},
	}})
	if _, ok := outer.Lookup(key(0)); ok {
		t.Error("found a map that does not exist")
	}
	if err := (User{outer}).Update(key(0), key(1), Any); err != EBADF {
		t.Errorf("user space: %v", err)
	}
	add(inner)
	add(&Spec{Type: Hash, KeySize: 8, ValueSize: 4, MaxEntries: 1})
	if addr, ok := outer.Lookup(key(0)); !ok || addr != Address(1) {
		t.Errorf("made meanwhile: %#x, %v", addr, ok)
	}
	if _, ok := outer.Lookup(key(1)); ok {
		t.Error("found a map that is not like the others")
	}
}

// TestFlat: an engine may look up in a Flat by itself, on every CPU. Nothing else may
// pass for one.
func TestFlat(t *testing.T) {
	for _, typ := range []Type{Array, PerCPUArray, Hash, ProgArray, PerfEventArray, DevMap, XSKMap} {
		x, _ := build(t, &Spec{Type: typ, KeySize: 4, ValueSize: 4, MaxEntries: 3})
		f, ok := x.(Flat)
		if ok != (typ == Array) {
			t.Errorf("%s: flat %v", typ, ok)
			continue
		}
		for i := uint32(0); ok && i < 4; i++ {
			base, stride, n := f.Flat()
			if addr, found := x.Lookup(key(i)); found != (i < n) || found && addr != base+i*stride {
				t.Errorf("element %d at %#x, %v; flat %#x, %d, %d", i, addr, found, base, stride, n)
			}
		}
	}
}

// TestJHash compares with results of Bob Jenkins' own lookup3.c (its driver5 prints
// them for "Four score and seven years ago"); Linux's jhash begins with the same
// 0xdeadbeef.
func TestJHash(t *testing.T) {
	for _, tt := range []struct {
		text string
		seed uint32
		want uint32
	}{
		{"", 0, 0xdeadbeef},
		{"", 0xdeadbeef, 0xbd5b7dde},
		{"Four score and seven years ago", 0, 0x17770551},
		{"Four score and seven years ago", 1, 0xcd628161},
	} {
		if got := jhash([]byte(tt.text), tt.seed); got != tt.want {
			t.Errorf("%q, %#x: %#x, want %#x", tt.text, tt.seed, got, tt.want)
		}
	}
}

// TestLRUEvictsWhatWasNotUsed: a program's lookup and an update are use, user
// space's lookup is none.
func TestLRUEvictsWhatWasNotUsed(t *testing.T) {
	x, _ := build(t, &Spec{Type: LRUHash, KeySize: 1, ValueSize: 1, MaxEntries: 4})
	u := User{x}
	for k := range byte(4) {
		if err := x.Update([]byte{k}, []byte{k}, Any); err != nil {
			t.Fatal(err)
		}
	}
	x.Lookup([]byte{0})
	if err := u.Update([]byte{1}, []byte{9}, Exist); err != nil {
		t.Fatal(err)
	}
	if err := u.Lookup([]byte{2}, make([]byte, 1), 0); err != nil {
		t.Fatal(err)
	}
	if err := x.Update([]byte{7}, []byte{7}, Any); err != nil {
		t.Fatal(err)
	}
	var keys []byte
	for _, e := range x.Entries(nil) {
		keys = append(keys, e.Key...)
	}
	if want := []byte{0, 1, 3, 7}; !slices.Equal(keys, want) {
		t.Errorf("keys %v, want %v", keys, want)
	}
}

// TestRing: Linux counts a header of 8 bytes and whole words, lets no record span
// more than the size less one from the oldest that is reserved or not consumed, and
// shows records in order of reservation.
func TestRing(t *testing.T) {
	x, m := build(t, &Spec{Type: RingBuf, MaxEntries: 4096})
	r := x.(Ring)
	a, _ := r.Reserve(5, mem.RW)
	b, ok := r.Reserve(4000, mem.RW)
	if !ok || b-a != 16 {
		t.Fatalf("second record at %#x, %v; the first is at %#x", b, ok, a)
	}
	if _, ok := r.Reserve(100, mem.RW); ok {
		t.Error("there is room beyond the ring")
	}
	if r.Query(RingAvailable) != 16+4008 || r.Query(RingSize) != 4096 {
		t.Errorf("available %d, size %d", r.Query(RingAvailable), r.Query(RingSize))
	}
	if m.Can(uint64(a), 6, mem.Write) || !m.Can(uint64(a), 5, mem.RW) {
		t.Error("a record of 5 bytes is 5 bytes")
	}
	m.Store(uint64(a), 1, 7, false)
	if _, _, ok := r.Commit(b, true); !ok {
		t.Error("the second is no reservation")
	}
	if _, ok := r.Consume(); ok {
		t.Error("consumed what is behind a reservation")
	}
	if data, _, ok := r.Commit(a, false); !ok || data[0] != 7 {
		t.Errorf("committed %x, %v", data, ok)
	}
	if _, _, ok := r.Commit(a, false); ok || m.Can(uint64(a), 1, mem.Read) {
		t.Error("a committed record is still reserved")
	}
	if data, ok := r.Consume(); !ok || !bytes.Equal(data, []byte{7, 0, 0, 0, 0}) {
		t.Errorf("consumed %x, %v", data, ok)
	}
	if _, ok := r.Consume(); ok {
		t.Error("a discarded record was consumed")
	}
	long := bytes.Repeat([]byte{3}, 1000) // goes over the end
	for range 3 {
		if err := r.Output(long); err != nil {
			t.Fatal(err)
		}
		if data, ok := r.Consume(); !ok || !bytes.Equal(data, long) {
			t.Errorf("over the end: %x", data)
		}
	}
	if err := r.Output(make([]byte, 4089)); err != EAGAIN {
		t.Errorf("a record larger than the ring: %v", err)
	}
}

// TestStackTrace: kernel/bpf/stackmap.c, __bpf_get_stackid.
func TestStackTrace(t *testing.T) {
	x, _ := build(t, &Spec{Type: StackTrace, KeySize: 4, ValueSize: 24, MaxEntries: 1})
	s, u := x.(StackPutter), User{x}
	id, err := s.Put([]uint64{1, 2, 3, 4, 5}, 1)
	if err != nil || id != 0 {
		t.Fatalf("id %d, %v", id, err)
	}
	got := make([]byte, 24)
	if err := u.Lookup(make([]byte, 4), got, 0); err != nil || got[0] != 2 || got[8] != 3 || got[16] != 4 {
		t.Errorf("%x, %v", got, err)
	}
	if _, err := s.Put([]uint64{2, 3, 4}, 0); err != nil {
		t.Errorf("the same stack again: %v", err)
	}
	if _, err := s.Put([]uint64{9}, 0); err != EEXIST {
		t.Errorf("another stack of the same bucket: %v", err)
	}
	if _, err := s.Put([]uint64{9}, StackReuse); err != nil {
		t.Errorf("replacing: %v", err)
	}
	if _, err := s.Put([]uint64{9}, 1); err != EFAULT {
		t.Errorf("all frames left out: %v", err)
	}
	if _, err := s.Put([]uint64{9}, 1<<20); err != EINVAL {
		t.Errorf("unknown flag: %v", err)
	}
}
