package kernelcmp

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lockstep-ebpf/lockstep/spec"
	"github.com/lockstep-ebpf/lockstep/vm"
	"github.com/lockstep-ebpf/lockstep/vm/hook"
	"github.com/lockstep-ebpf/lockstep/vm/maps"
)

var allTypes = []hook.Type{hook.Unspec, hook.SocketFilter, hook.SchedCLS, hook.XDP, hook.Syscall}

// r0 comes back in all 64 bits, from every exit of the main function, for every
// program type.
func TestR0(t *testing.T) {
	k := kernel(t, Options{})
	for _, typ := range allTypes {
		for _, want := range []uint64{0, 1, 0xffff_ffff, 1 << 32, 0x8000_0000_0000_0000, 0x0123_4567_89ab_cdef, ^uint64(0)} {
			c := one(prog(typ, lddw(0, 0, want), exit))
			if obs := k.Observables(c); obs&vm.ObsR0 == 0 {
				t.Errorf("%s: observables are %s", typ, obs.Names())
			}
			if o := exited(t, k.Run(c)[0]); o.R0 != want {
				t.Errorf("%s: r0 = %#x, want %#x", typ, o.R0, want)
			}
		}
	}
}

func TestExitsInTheMiddle(t *testing.T) {
	k := kernel(t, Options{})
	// r0 = first byte of memory; if 1 return 2^40, if 2 return -2, else the byte
	p := prog(hook.Unspec,
		ldx(spec.SizeB, 0, 1, 0),
		jmp(spec.OpJNE, 0, 1, 3), lddw(0, 0, 1<<40), exit,
		jmp(spec.OpJNE, 0, 2, 2), mov(0, -2), exit,
		exit)
	c := one(p, vm.Input{Memory: []byte{1}}, vm.Input{Memory: []byte{2}}, vm.Input{Memory: []byte{3}})
	var got []uint64
	for _, o := range k.Run(c) {
		got = append(got, exited(t, o).R0)
	}
	if diff := cmp.Diff([]uint64{1 << 40, ^uint64(1), 3}, got); diff != "" {
		t.Error(diff)
	}
}

// The distance from an exit to the epilogue may be more than a 16-bit offset holds.
func TestFarExit(t *testing.T) {
	k := kernel(t, Options{})
	parts := []any{mov(0, 7), jmp(spec.OpJEQ, 1, 0, 1), exit}
	for range 40_000 {
		parts = append(parts, add(0, 1))
	}
	o := exited(t, k.Run(one(prog(hook.Unspec, append(parts, exit)...)))[0])
	if o.R0 != 7 {
		t.Errorf("r0 = %d, want 7", o.R0)
	}
}

func TestMemory(t *testing.T) {
	k := kernel(t, Options{})
	// *(u16 *)(r1 + 2) = r2
	c := one(prog(hook.Unspec, stx(spec.SizeH, 1, 2, 2), mov(0, 0), exit), vm.Input{Memory: []byte{9, 8, 7, 6, 5}})
	want := []byte{9, 8, 5, 0, 5}
	if o := exited(t, k.Run(c)[0]); !bytes.Equal(o.Memory.Data, want) {
		t.Errorf("memory = %x, want %x", o.Memory.Data, want)
	}
	// One byte beyond the memory is rejected: its size is known exactly.
	c = one(prog(hook.Unspec, ldx(spec.SizeB, 0, 1, 5), exit), vm.Input{Memory: make([]byte, 5)})
	if o := k.Run(c)[0]; o.Kind != vm.LoadRejected {
		t.Errorf("a read beyond the memory: %s", o.Kind)
	}
}

func TestXDPWritesPacket(t *testing.T) {
	k := kernel(t, Options{})
	p := prog(hook.XDP,
		ldx(spec.SizeW, 2, 1, hook.XdpData), ldx(spec.SizeW, 3, 1, hook.XdpDataEnd),
		movx(4, 2), add(4, 14), mov(0, 1), jmpx(spec.OpJGT, 4, 3, 2),
		st(spec.SizeB, 2, 13, 0x5a), mov(0, 2),
		exit)
	packet := bytes.Repeat([]byte{1}, 60)
	want := bytes.Clone(packet)
	want[13] = 0x5a
	o := exited(t, k.Run(one(p, vm.Input{Packet: packet}))[0])
	if !bytes.Equal(o.Packet.Data, want) || o.R0 != 2 {
		t.Errorf("r0 = %d, packet = %x, want 2, %x", o.R0, o.Packet.Data, want)
	}
}

// What a program sees of its packet is what the input says, for every type.
func TestPacketAsSeen(t *testing.T) {
	k := kernel(t, Options{})
	packet := make([]byte, 40)
	for i := range packet {
		packet[i] = byte(i * 7)
	}
	sum := func(b []byte) (n uint64) {
		for _, x := range b {
			n = n*31 + uint64(x)
		}
		return n
	}
	for _, typ := range []hook.Type{hook.SocketFilter, hook.SchedCLS} {
		// Through LD_ABS, byte by byte; r7 = r7*31 + byte.
		parts := []any{movx(6, 1), mov(7, 0)}
		for i := range packet {
			parts = append(parts, spec.Insn{Op: spec.ClassLD | spec.ModeABS | spec.SizeB, Imm: int32(i)},
				spec.Insn{Op: spec.ClassALU64 | spec.OpMUL, Dst: 7, Imm: 31}, addx(7, 0))
		}
		o := exited(t, k.Run(one(prog(typ, append(parts, movx(0, 7), exit)...), vm.Input{Packet: packet}))[0])
		if o.R0 != sum(packet) {
			t.Errorf("%s: hash of the packet %#x, want %#x", typ, o.R0, sum(packet))
		}
		if !bytes.Equal(o.Packet.Data, packet) {
			t.Errorf("%s: packet after the run %x, want %x", typ, o.Packet.Data, packet)
		}
		o = exited(t, k.Run(one(prog(typ, ldx(spec.SizeW, 0, 1, hook.SkbLen), exit), vm.Input{Packet: packet}))[0])
		if o.R0 != uint64(len(packet)) {
			t.Errorf("%s: skb->len = %d, want %d", typ, o.R0, len(packet))
		}
	}
}

// LD_ABS beyond the packet leaves the program, with 0, past every exit.
func TestLDAbsBeyondPacket(t *testing.T) {
	k := kernel(t, Options{})
	p := prog(hook.SocketFilter, movx(6, 1), spec.Insn{Op: spec.ClassLD | spec.ModeABS | spec.SizeW, Imm: 62}, mov(0, -1), exit)
	for n, want := range map[int]uint64{64: 0, 65: 0, 66: ^uint64(0)} {
		if o := exited(t, k.Run(one(p, vm.Input{Packet: make([]byte, n)}))[0]); o.R0 != want {
			t.Errorf("packet of %d bytes: r0 = %#x, want %#x", n, o.R0, want)
		}
	}
}

func TestMaps(t *testing.T) {
	k := kernel(t, Options{})
	hash := maps.Spec{Name: "h", Type: maps.Hash, KeySize: 2, ValueSize: 3, MaxEntries: 5, Entries: []maps.Entry{
		{Key: []byte{9, 1}, Value: []byte{1, 2, 3}}, {Key: []byte{0, 2}, Value: []byte{4, 5, 6}},
	}}
	array := arrayOf8
	array.Entries = []maps.Entry{{Key: u32(2), Value: u64(100)}}
	// array[2] += 1, by helper; hash[{5,5}] = {7,7,7}; delete hash[{9,1}]; r0 = array[2]
	p := prog(hook.SocketFilter,
		st(spec.SizeW, 10, -4, 2), mapFD(1, 1), movx(2, 10), add(2, -4), call(vm.HelperMapLookup),
		jmp(spec.OpJNE, 0, 0, 1), exit,
		movx(6, 0), ldx(spec.SizeDW, 7, 6, 0), add(7, 1), stx(spec.SizeDW, 6, 7, 0),
		st(spec.SizeH, 10, -2, 0x0505), st(spec.SizeH, 10, -6, 0x0707), st(spec.SizeB, 10, -4, 7),
		mapFD(1, 0), movx(2, 10), add(2, -2), movx(3, 10), add(3, -6), mov(4, 0), call(vm.HelperMapUpdate),
		st(spec.SizeB, 10, -2, 9), st(spec.SizeB, 10, -1, 1),
		mapFD(1, 0), movx(2, 10), add(2, -2), call(vm.HelperMapDelete),
		movx(0, 7), exit)
	c := one(p, vm.Input{Packet: []byte{0}}, vm.Input{Packet: []byte{0}})
	c.Maps = []*maps.Spec{&hash, &array}
	wantHash := []maps.Entry{{Key: []byte{0, 2}, Value: []byte{4, 5, 6}}, {Key: []byte{5, 5}, Value: []byte{7, 7, 7}}}
	for i, o := range k.Run(c) {
		exited(t, o)
		if o.R0 != uint64(101+i) {
			t.Errorf("input %d: r0 = %d, want %d: maps carry over", i, o.R0, 101+i)
		}
		want := [][]maps.Entry{wantHash, {
			{Key: u32(0), Value: u64(0)}, {Key: u32(1), Value: u64(0)}, {Key: u32(2), Value: u64(uint64(101 + i))}, {Key: u32(3), Value: u64(0)},
		}}
		if diff := cmp.Diff(want, o.Maps); diff != "" {
			t.Errorf("input %d: maps: %s", i, diff)
		}
	}
	// The next case starts afresh.
	if o := exited(t, k.Run(c)[0]); o.R0 != 101 {
		t.Errorf("r0 = %d in a second run of the case, want 101", o.R0)
	}
}

// A hash of many elements comes back whole, in order of keys.
func TestLargeHash(t *testing.T) {
	k := kernel(t, Options{})
	for _, flags := range []uint32{0, maps.NoPrealloc} {
		s := &maps.Spec{Name: "h", Type: maps.Hash, KeySize: 4, ValueSize: 4, MaxEntries: 3000, Flags: flags}
		var want []maps.Entry
		for i := range uint32(2500) {
			e := maps.Entry{Key: []byte{byte(i >> 8), byte(i), 1, 1}, Value: u32(i)}
			want = append(want, e)
			s.Entries = append([]maps.Entry{e}, s.Entries...)
		}
		c := one(prog(hook.SocketFilter, mov(0, 0), exit))
		c.Maps = []*maps.Spec{s}
		if diff := cmp.Diff(want, exited(t, k.Run(c)[0]).Maps[0]); diff != "" {
			t.Errorf("flags %#x: %s", flags, diff)
		}
	}
}

// A direct value is an address in the map's memory.
func TestMapValue(t *testing.T) {
	k := kernel(t, Options{})
	c := one(prog(hook.SocketFilter, lddw(1, spec.LDDWMapValue, 8<<32), ldx(spec.SizeDW, 0, 1, 0), st(spec.SizeDW, 1, 0, 5), exit), vm.Input{Packet: []byte{0}}, vm.Input{Packet: []byte{0}})
	c.Maps = []*maps.Spec{{Name: "v", Type: maps.Array, KeySize: 4, ValueSize: 16, MaxEntries: 1,
		Entries: []maps.Entry{{Key: u32(0), Value: append(u64(1), u64(1<<40)...)}}}}
	got := k.Run(c)
	if exited(t, got[0]).R0 != 1<<40 || exited(t, got[1]).R0 != 5 {
		t.Errorf("r0 = %#x, %#x, want 1<<40, 5", got[0].R0, got[1].R0)
	}
}

func TestTailCall(t *testing.T) {
	k := kernel(t, Options{})
	const first = -1 // what the first program returns if the tail call fails
	jump := func(index int32) *vm.Program {
		return prog(hook.SocketFilter, mapFD(2, 0), mov(3, index), call(vm.HelperTailCall), mov(0, first), exit)
	}
	last := prog(hook.SocketFilter, lddw(0, 0, 0xabc_0000_0001), exit)
	table := &maps.Spec{Name: "jump", Type: maps.ProgArray, KeySize: 4, ValueSize: 4, MaxEntries: 4, Entries: []maps.Entry{
		{Key: []byte{1, 0, 0, 0}, Value: []byte{1, 0, 0, 0}}, {Key: []byte{3, 0, 0, 0}, Value: []byte{2, 0, 0, 0}},
	}}
	for _, x := range []struct {
		name  string
		index int32
		want  uint64
	}{{"through the second program", 1, 0xabc_0000_0001}, {"to the third", 3, 0xabc_0000_0001}, {"empty slot", 2, ^uint64(0)}, {"out of range", 4, ^uint64(0)}} {
		c := &vm.Case{Programs: []*vm.Program{jump(x.index), jump(3), last}, Maps: []*maps.Spec{table}, Inputs: []vm.Input{{Packet: []byte{0}}}}
		if o := exited(t, k.Run(c)[0]); o.R0 != x.want {
			t.Errorf("%s: r0 = %#x, want %#x", x.name, o.R0, x.want)
		} else if o.Maps[0] != nil {
			t.Errorf("%s: a prog_array has entries %v", x.name, o.Maps[0])
		}
	}
}

// bpf_loop calls a function of the program: r1 is the iteration, r2 what the
// caller passed.
func TestLoopCallback(t *testing.T) {
	k := kernel(t, Options{})
	for _, typ := range allTypes {
		p := prog(typ,
			st(spec.SizeDW, 10, -8, 0),
			mov(1, 10), lddw(2, spec.LDDWFunc, 8), movx(3, 10), add(3, -8), mov(4, 0), call(vm.HelperLoop),
			ldx(spec.SizeDW, 0, 10, -8), jmp(spec.OpJA, 0, 0, 0), exit,
			// callback: *r2 += r1; return 0
			ldx(spec.SizeDW, 3, 2, 0), addx(3, 1), stx(spec.SizeDW, 2, 3, 0), mov(0, 0), exit)
		p.Insns[2].Imm = 8 // callback at slot 11: 2 + 1 + 8
		if o := exited(t, k.Run(one(p))[0]); o.R0 != 45 {
			t.Errorf("%s: sum of 0 to 9 = %d, want 45", typ, o.R0)
		}
	}
}

func TestLocalCall(t *testing.T) {
	k := kernel(t, Options{})
	for _, typ := range allTypes {
		// main: r0 = f(20); r0 += 2; exit at two places. f: return g(r1) * 2^32. g: return r1 + 1
		p := prog(typ,
			mov(1, 20), callLocal(4), jmp(spec.OpJNE, 0, 0, 1), exit, add(0, 2), exit,
			callLocal(2), spec.Insn{Op: spec.ClassALU64 | spec.OpLSH, Dst: 0, Imm: 32}, exit,
			movx(0, 1), add(0, 1), exit)
		if o := exited(t, k.Run(one(p))[0]); o.R0 != 21<<32+2 {
			t.Errorf("%s: r0 = %#x, want %#x", typ, o.R0, uint64(21<<32+2))
		}
	}
}

func TestSyscallContext(t *testing.T) {
	k := kernel(t, Options{})
	p := prog(hook.Syscall, ldx(spec.SizeDW, 0, 1, 8), st(spec.SizeW, 1, 4, 0x77), exit)
	in := append(u64(1), u64(0xf0f0_f0f0_f0f0_f0f0)...)
	o := exited(t, k.Run(one(p, vm.Input{Context: in}))[0])
	want := append(append(u32(uint32(1)), u32(0x77)...), in[8:]...)
	if o.R0 != 0xf0f0_f0f0_f0f0_f0f0 || !bytes.Equal(o.Context.Data, want) {
		t.Errorf("r0 = %#x, context %x, want %x", o.R0, o.Context.Data, want)
	}
	if in[4] != 0 {
		t.Error("the run wrote the case's own bytes")
	}
}

// The fields that an input can set are seen, and come back changed.
func TestSkbContext(t *testing.T) {
	k := kernel(t, Options{})
	ctx := make([]byte, 192)
	copy(ctx[8:], u32(0x1234))  // mark
	copy(ctx[48:], u32(0x5678)) // cb[0]
	p := prog(hook.SchedCLS,
		ldx(spec.SizeW, 0, 1, 8), ldx(spec.SizeW, 2, 1, 48), addx(0, 2),
		st(spec.SizeW, 1, 8, 0x42), st(spec.SizeW, 1, 64, 0x43), exit)
	o := exited(t, k.Run(one(p, vm.Input{Packet: make([]byte, 14), Context: ctx}))[0])
	if o.R0 != 0x1234+0x5678 {
		t.Errorf("r0 = %#x", o.R0)
	}
	for off, want := range map[int]uint32{8: 0x42, 48: 0x5678, 64: 0x43, 32: 0} {
		if got := field32(o.Context.Data, off); got != want || o.Context.Undef[off] {
			t.Errorf("context at %d: %#x (hidden %v), want %#x", off, got, o.Context.Undef[off], want)
		}
	}
	if !o.Context.Undef[hook.SkbData] || !o.Context.Undef[4] {
		t.Error("data and pkt_type are not what our machines have, so they must be hidden")
	}
}

func TestRejected(t *testing.T) {
	k := kernel(t, Options{})
	for _, x := range []struct {
		name, want string
		insns      []spec.Insn
	}{
		{"uninitialised r0", "R0 !read_ok", insns(exit)},
		{"beyond the stack", "invalid", insns(mov(0, 0), stx(spec.SizeDW, 10, 0, 8), exit)},
		{"unknown opcode", "unknown opcode", insns(mov(0, 0), spec.Insn{Op: 0xff}, exit)},
		{"no map", "fd", insns(mapFD(1, 3), mov(0, 0), exit)},
		{"falls off", "", insns(mov(0, 0))},
		{"empty", "", nil},
	} {
		c := one(prog(hook.SocketFilter, x.insns))
		o := k.Run(c)[0]
		if o.Kind != vm.LoadRejected || !strings.Contains(strings.SplitN(o.Reason, "\n", 2)[0], x.want) {
			t.Errorf("%s: %s (%s), want rejected with %q in the first line", x.name, o.Kind, o.Reason, x.want)
		}
		v := k.Verify([]*vm.Case{c})[0]
		if v.Accepted() || !strings.Contains(v.Log, x.want) {
			t.Errorf("%s: Verify gives %s, log %q", x.name, v.Kind, v.Log)
		}
	}
	if v := k.Verify([]*vm.Case{one(prog(hook.XDP, mov(0, 2), exit))})[0]; !v.Accepted() {
		t.Errorf("a program that passes: %s: %s", v.Kind, v.Reason)
	}
}

// What the kernel cannot be given is unsupported: never a wrong outcome.
func TestUnsupported(t *testing.T) {
	k := kernel(t, Options{})
	ret := func(typ hook.Type) *vm.Program { return prog(typ, mov(0, 0), exit) }
	foreign := ret(hook.XDP)
	foreign.Order = spec.Big - hostOrder
	for _, x := range []struct {
		want string
		c    *vm.Case
	}{
		{"packet of 0 bytes", one(ret(hook.SocketFilter), vm.Input{})},
		{"packet of 13 bytes", one(ret(hook.XDP), vm.Input{Packet: make([]byte, 13)})},
		{"packet of 13 bytes", one(ret(hook.SchedCLS), vm.Input{Packet: make([]byte, 13)})},
		{"packet of 3521 bytes", one(ret(hook.XDP), vm.Input{Packet: make([]byte, 3521)})},
		{"packet of 3713 bytes", one(ret(hook.SchedCLS), vm.Input{Packet: make([]byte, 3713)})},
		{"packet of 3699 bytes", one(ret(hook.SocketFilter), vm.Input{Packet: make([]byte, 3699)})},
		{"context of 65536 bytes", one(ret(hook.Syscall), vm.Input{Context: make([]byte, 65536)})},
		{"more of its context", one(prog(hook.Syscall, ldx(spec.SizeDW, 0, 1, 8), exit), vm.Input{Context: make([]byte, 15)})},
		{"byte 68 of the context", one(ret(hook.SchedCLS), vm.Input{Packet: make([]byte, 14), Context: append(make([]byte, 68), 1)})},
		{"-endian", one(foreign)},
		{"program type 99", one(ret(99))},
	} {
		if o := k.Run(x.c)[0]; o.Kind != vm.LoadUnsupported || !strings.Contains(o.Reason, x.want) {
			t.Errorf("%s (%s), want unsupported with %q", o.Kind, o.Reason, x.want)
		}
	}
}

// The limits above are the kernel's: at them, programs see every byte.
func TestLargestPackets(t *testing.T) {
	k := kernel(t, Options{})
	for typ, n := range map[hook.Type]int{hook.SchedCLS: maxSkb, hook.XDP: maxXDP, hook.SocketFilter: maxSkb - etherHeader} {
		packet := make([]byte, n)
		packet[n-1] = 0x99
		data, end := int16(hook.SkbData), int16(hook.SkbDataEnd)
		if typ == hook.XDP {
			data, end = hook.XdpData, hook.XdpDataEnd
		}
		p := prog(typ, ldx(spec.SizeW, 2, 1, data), ldx(spec.SizeW, 3, 1, end), mov(0, 0),
			movx(4, 2), add(4, int32(n)), jmpx(spec.OpJGT, 4, 3, 1), ldx(spec.SizeB, 0, 4, -1), exit)
		if typ == hook.SocketFilter {
			p = prog(typ, movx(6, 1), spec.Insn{Op: spec.ClassLD | spec.ModeABS | spec.SizeB, Imm: int32(n - 1)}, exit)
		}
		o := exited(t, k.Run(one(p, vm.Input{Packet: packet}))[0])
		if o.R0 != 0x99 || !bytes.Equal(o.Packet.Data, packet) {
			t.Errorf("%s: last of %d bytes = %#x, %d bytes back", typ, n, o.R0, len(o.Packet.Data))
		}
	}
}

// A batch gives the outcomes of its cases in order, refused ones among them.
func TestBatch(t *testing.T) {
	k := kernel(t, Options{})
	var cs []*vm.Case
	for i := range 600 {
		p := prog(hook.SocketFilter, lddw(0, 0, uint64(i)<<32), exit)
		if i%7 == 3 {
			p = prog(hook.SocketFilter, exit)
		}
		if i%11 == 5 {
			p.Order = spec.Big - hostOrder
		}
		cs = append(cs, one(p))
	}
	for i, outs := range k.RunBatch(cs) {
		want := fmt.Sprint(vm.Exit, uint64(i)<<32)
		switch {
		case i%11 == 5:
			want = fmt.Sprint(vm.LoadUnsupported, 0)
		case i%7 == 3:
			want = fmt.Sprint(vm.LoadRejected, 0)
		}
		if got := fmt.Sprint(outs[0].Kind, outs[0].R0); len(outs) != 1 || got != want {
			t.Errorf("case %d: %s, want %s", i, got, want)
		}
	}
}
