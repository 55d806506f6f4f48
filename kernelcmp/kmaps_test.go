package kernelcmp

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lockstep-ebpf/lockstep/spec"
	"github.com/lockstep-ebpf/lockstep/vm"
	"github.com/lockstep-ebpf/lockstep/vm/hook"
	"github.com/lockstep-ebpf/lockstep/vm/maps"
)

func TestMaps(t *testing.T) {
	k := kernel(t, Options{})
	hash := maps.Spec{Name: "h", Type: maps.Hash, KeySize: 2, ValueSize: 3, MaxEntries: 5, Entries: []maps.Entry{
		{Key: []byte{9, 1}, Value: []byte{1, 2, 3}}, {Key: []byte{0, 2}, Value: []byte{4, 5, 6}},
	}}
	array := arrayOf8
	array.Entries = []maps.Entry{{Key: u32(2), Value: u64(100)}}
	// array[2] += 1; hash[{5,5}] = {7,7,7}; delete hash[{9,1}]; r0 = array[2]
	p := assemble(t, hook.SocketFilter, `
		*(u32 *)(r10 - 4) = 2
		r1 = map[array]
		r2 = r10
		r2 += -4
		call 1
		if r0 == 0 goto out
		r7 = *(u64 *)(r0 + 0)
		r7 += 1
		*(u64 *)(r0 + 0) = r7
		*(u16 *)(r10 - 2) = 0x0505
		*(u16 *)(r10 - 6) = 0x0707
		*(u8 *)(r10 - 4) = 7
		r1 = map[hash]
		r2 = r10
		r2 += -2
		r3 = r10
		r3 += -6
		r4 = 0
		call 2
		*(u8 *)(r10 - 2) = 9
		*(u8 *)(r10 - 1) = 1
		r1 = map[hash]
		r2 = r10
		r2 += -2
		call 3
		r0 = r7
		out: exit`)
	c := one(p, vm.Input{Packet: []byte{0}}, vm.Input{Packet: []byte{0}})
	c.Maps = []*maps.Spec{&array, &hash}
	wantHash := []maps.Entry{{Key: []byte{0, 2}, Value: []byte{4, 5, 6}}, {Key: []byte{5, 5}, Value: []byte{7, 7, 7}}}
	for i, o := range k.Run(c) {
		exited(t, o)
		if o.R0 != uint64(101+i) {
			t.Errorf("input %d: r0 = %d, want %d: maps carry over", i, o.R0, 101+i)
		}
		want := [][]maps.Entry{{
			{Key: u32(0), Value: u64(0)}, {Key: u32(1), Value: u64(0)}, {Key: u32(2), Value: u64(uint64(101 + i))}, {Key: u32(3), Value: u64(0)},
		}, wantHash}
		if diff := cmp.Diff(want, o.Maps); diff != "" {
			t.Errorf("input %d: maps: %s", i, diff)
		}
	}
	// The next case starts afresh.
	if o := exited(t, k.Run(c)[0]); o.R0 != 101 {
		t.Errorf("r0 = %d in a second run of the case, want 101", o.R0)
	}
}

// Arrays that a program may only read, or only write, are filled and read back all
// the same.
func TestMapFlags(t *testing.T) {
	k := kernel(t, Options{})
	for flags, text := range map[uint32]string{
		maps.ReadOnly:  "r0 = *(u64 *)(r0 + 0)",
		maps.WriteOnly: "*(u64 *)(r0 + 0) = 9",
	} {
		c := one(assemble(t, hook.SocketFilter, `
			*(u32 *)(r10 - 4) = 0
			r1 = map[array]
			r2 = r10
			r2 += -4
			call 1
			if r0 == 0 goto out
			`+text+`
			r0 = 0
			out: exit`))
		s := arrayOf8
		s.Flags, s.MaxEntries, s.ValueSize = flags, 2, 9
		s.Entries = []maps.Entry{{Key: u32(1), Value: append(u64(77), 3)}}
		c.Maps = []*maps.Spec{&s}
		first := append(u64(0), 0)
		if flags == maps.WriteOnly {
			first[0] = 9
		}
		want := []maps.Entry{{Key: u32(0), Value: first}, {Key: u32(1), Value: append(u64(77), 3)}}
		if diff := cmp.Diff(want, exited(t, k.Run(c)[0]).Maps[0]); diff != "" {
			t.Errorf("flags %#x: %s", flags, diff)
		}
	}
}

func TestLargeHash(t *testing.T) {
	k := kernel(t, Options{})
	for _, flags := range []uint32{0, maps.NoPrealloc} {
		s := &maps.Spec{Name: "h", Type: maps.Hash, KeySize: 4, ValueSize: 4, MaxEntries: 3000, Flags: flags}
		var want []maps.Entry
		for i := range uint32(2500) {
			e := maps.Entry{Key: []byte{byte(i >> 8), byte(i), 1, 1}, Value: u32(i)}
			want = append(want, e)
			s.Entries = append(s.Entries, e)
		}
		slices.Reverse(s.Entries)
		c := one(prog(hook.SocketFilter, mov(0, 0), exit))
		c.Maps = []*maps.Spec{s}
		if diff := cmp.Diff(want, exited(t, k.Run(c)[0]).Maps[0]); diff != "" {
			t.Errorf("flags %#x: %s", flags, diff)
		}
	}
}

func TestMapValue(t *testing.T) {
	k := kernel(t, Options{})
	c := one(prog(hook.SocketFilter, lddw(1, spec.LDDWMapValue, 8<<32), ldx(spec.SizeDW, 0, 1, 0), st(spec.SizeDW, 1, 0, 5), exit), vm.Input{Packet: []byte{0}}, vm.Input{Packet: []byte{0}})
	c.Maps = []*maps.Spec{{
		Name: "v", Type: maps.Array, KeySize: 4, ValueSize: 16, MaxEntries: 1,
		Entries: []maps.Entry{{Key: u32(0), Value: append(u64(1), u64(1<<40)...)}},
	}}
	got := k.Run(c)
	if exited(t, got[0]).R0 != 1<<40 || exited(t, got[1]).R0 != 5 {
		t.Errorf("r0 = %#x, %#x, want 1<<40, 5", got[0].R0, got[1].R0)
	}
}
