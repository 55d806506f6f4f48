package kernelcmp

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lockstep-ebpf/lockstep/spec"
	"github.com/lockstep-ebpf/lockstep/vm"
	"github.com/lockstep-ebpf/lockstep/vm/hook"
	"github.com/lockstep-ebpf/lockstep/vm/maps"
)

// allTypes are those whose programs may return anything.
var allTypes = []hook.Type{
	hook.Unspec, hook.SocketFilter, hook.SchedCLS, hook.XDP, hook.Syscall, hook.RawTracepoint, hook.StreamVerdict, hook.SKBVerdict,
}

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
	c := one(assemble(t, hook.Unspec, `
		r0 = *(u8 *)(r1 + 0)
		if r0 != 1 goto two
		r0 = 0x10000000000 ll
		exit
		two: if r0 != 2 goto last
		r0 = -2
		exit
		last: exit`), vm.Input{Memory: []byte{1}}, vm.Input{Memory: []byte{2}}, vm.Input{Memory: []byte{3}})
	var got []uint64
	for _, o := range k.Run(c) {
		got = append(got, exited(t, o).R0)
	}
	if diff := cmp.Diff([]uint64{1 << 40, ^uint64(1), 3}, got); diff != "" {
		t.Error(diff)
	}
}

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
		p := assemble(t, typ, `
			*(u64 *)(r10 - 8) = 0
			r1 = 10
			r2 = func body
			r3 = r10
			r3 += -8
			r4 = 0
			call 181
			r0 = *(u64 *)(r10 - 8)
			exit
			body: r3 = *(u64 *)(r2 + 0)
			r3 += r1
			*(u64 *)(r2 + 0) = r3
			r0 = 0
			exit`)
		if o := exited(t, k.Run(one(p))[0]); o.R0 != 45 {
			t.Errorf("%s: sum of 0 to 9 = %d, want 45", typ, o.R0)
		}
	}
}

func TestLocalCall(t *testing.T) {
	k := kernel(t, Options{})
	for _, typ := range allTypes {
		p := assemble(t, typ, `
			r1 = 20
			call f
			if r0 != 0 goto more
			exit
			more: r0 += 2
			exit
			f: call g
			r0 <<= 32
			exit
			g: r0 = r1
			r0 += 1
			exit`)
		if o := exited(t, k.Run(one(p))[0]); o.R0 != 21<<32+2 {
			t.Errorf("%s: r0 = %#x, want %#x", typ, o.R0, uint64(21<<32+2))
		}
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
	// A loop that the verifier follows for long. The log has no states then: they
	// would take longer than the verdict.
	o := k.Run(one(assemble(t, hook.SocketFilter, `
		r1 = 0
		loop: r1 += 1
		if r1 != 15000 goto loop
		exit`)))[0]
	if o.Kind != vm.LoadRejected || !strings.HasPrefix(o.Reason, "EACCES: R0 !read_ok") || strings.Contains(o.Reason, "R1=") {
		t.Errorf("a refusal after a long look: %s (%s)", o.Kind, o.Reason)
	}
	for _, typ := range allTypes { // calls and callbacks without the epilogue
		c := one(assemble(t, typ, "r1 = 5\nr2 = func f\nr3 = 0\nr4 = 0\ncall 181\ncall f\nexit\nf: r0 = 0\nexit"))
		if v := k.Verify([]*vm.Case{c})[0]; !v.Accepted() {
			t.Errorf("%s: a program that passes: %s: %s", typ, v.Kind, v.Reason)
		}
	}
}

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
		{"protocol 0x0800 with 19 bytes", one(ret(hook.SchedCLS), vm.Input{Packet: ethernet(0x0800, 19)})},
		{"protocol 0x86dd with 39 bytes", one(ret(hook.SchedCLS), vm.Input{Packet: make([]byte, 20)}, vm.Input{Packet: ethernet(0x86dd, 39)})},
		{"context of 65536 bytes", one(ret(hook.Syscall), vm.Input{Context: make([]byte, 65536)})},
		{"more of its context", one(prog(hook.Syscall, ldx(spec.SizeDW, 0, 1, 8), exit), vm.Input{Context: make([]byte, 15)})},
		{"byte 68 of the context", one(ret(hook.SchedCLS), vm.Input{Packet: make([]byte, 14), Context: append(make([]byte, 68), 1)})},
		{"-endian", one(foreign)},
		{"program type 99", one(ret(99))},
	} {
		for i, o := range k.Run(x.c) {
			if o.Kind != vm.LoadUnsupported || !strings.Contains(o.Reason, x.want) {
				t.Errorf("input %d: %s (%s), want unsupported with %q", i, o.Kind, o.Reason, x.want)
			}
		}
	}
	for proto, n := range map[uint16]int{0x0800: 20, 0x86dd: 40} {
		exited(t, k.Run(one(ret(hook.SchedCLS), vm.Input{Packet: ethernet(proto, n)}))[0])
	}
}

// ethernet is a packet with n bytes behind the MAC header.
func ethernet(proto uint16, n int) []byte {
	b := make([]byte, etherHeader+n)
	binary.BigEndian.PutUint16(b[etherTypeOffset:], proto)
	return b
}

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

// A main function that is a callback too cannot be changed: its exits are no exits.
func TestObservables(t *testing.T) {
	for _, x := range []struct {
		typ  hook.Type
		text string
		want vm.Observable
	}{
		{hook.XDP, "r0 = 0\nexit", vm.ObsR0 | vm.ObsR0Low32 | vm.ObsMaps | vm.ObsPacket},
		{hook.SchedCLS, "r0 = 0\nexit", vm.ObsR0 | vm.ObsR0Low32 | vm.ObsMaps | vm.ObsPacket | vm.ObsContext},
		{hook.Syscall, "r0 = 0\nexit", vm.ObsR0 | vm.ObsR0Low32 | vm.ObsMaps | vm.ObsContext},
		{hook.Unspec, "r0 = 0\nexit", vm.ObsR0 | vm.ObsR0Low32 | vm.ObsMaps | vm.ObsMemory},
		{hook.RawTracepoint, "r0 = 0\nexit", vm.ObsR0 | vm.ObsR0Low32 | vm.ObsMaps},
		{hook.CgroupSKBEgress, "r0 = 0\nexit", vm.ObsR0 | vm.ObsR0Low32 | vm.ObsMaps | vm.ObsPacket | vm.ObsContext},
		{hook.StreamVerdict, "r0 = 0\nexit", vm.ObsR0 | vm.ObsR0Low32 | vm.ObsMaps | vm.ObsRecords},
		{hook.XDP, "main: r2 = func main\nr0 = 0\nexit", vm.ObsR0Low32 | vm.ObsMaps | vm.ObsPacket},
		{hook.XDP, "r0 = 0", vm.ObsR0Low32 | vm.ObsMaps | vm.ObsPacket},
	} {
		if got := (&Target{}).Observables(one(assemble(t, x.typ, x.text))); got != x.want {
			t.Errorf("%s, %q: %s, want %s", x.typ, x.text, got.Names(), x.want.Names())
		}
	}
}

// Several Targets work side by side, each with its executor and its maps.
func TestSideBySide(t *testing.T) {
	dir := t.TempDir()
	var wg sync.WaitGroup
	for n := range 3 {
		k := kernel(t, Options{Journal: dir})
		wg.Go(func() {
			var cs []*vm.Case
			for i := range 300 {
				cs = append(cs, one(prog(hook.Unspec, lddw(0, 0, uint64(n)<<40|uint64(i)), stx(spec.SizeDW, 1, 0, 0), exit)))
			}
			for i, out := range k.RunBatch(cs) {
				want := uint64(n)<<40 | uint64(i)
				if o := out[0]; o.Kind != vm.Exit || o.R0 != want || !bytes.Equal(o.Memory.Data, u64(want)) {
					t.Errorf("target %d, case %d: %s (%s), r0 = %#x, memory %x", n, i, o.Kind, o.Reason, o.R0, o.Memory.Data)
				}
			}
		})
	}
	wg.Wait()
}
