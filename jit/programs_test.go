package jit_test

import (
	"encoding/binary"
	"strings"
	"testing"

	"github.com/lockstep-ebpf/lockstep/spec/asm"
	"github.com/lockstep-ebpf/lockstep/vm"
	"github.com/lockstep-ebpf/lockstep/vm/hook"
	"github.com/lockstep-ebpf/lockstep/vm/maps"
)

// programs are run at every fuel, in both modes, and compared with the reference
// VM. Several programs are separated by lines of dashes. Maps: 0 is an array, 1 a
// hash, 2 a prog_array that names programs 0 to 2, 3 is an array that is read-only.
var programs = []struct {
	name, text string
	kind       vm.Kind // in checked mode
}{
	{"call", `
		r6 = 3
		r7 = 100
		r1 = 20
		call f
		r0 += r6
		r0 += r7
		exit
	f:	r6 = 1
		r0 = r1
		r0 += r6
		exit`, vm.Exit},
	{"two instructions that become one", `
		r1 = 0x123456789abcdef0 ll
		r2 = -7
		r3 = r1
		r3 += r2
		r4 = r2
		r4 += r4
		r5 = r1
		r5 ^= 0xff
		w6 = w1
		w6 s>>= 5
		r7 = r1
		w7 *= w2
		r8 = r10
		r8 += -16
		r9 = r1
		r9 /= r2
		r0 = r3
		r0 <<= 5
		r0 += r4
		w0 <<= 31
		w0 += w5
		r3 = r1
		r3 %= r3
		exit`, vm.Exit},
	{"tail calls out of the rounds of a loop", `
		r1 = 3
		r2 = func f
		r3 = 9
		r4 = 0
		call bpf_loop
		exit
	f:	r2 = map_by_fd(2)
		r3 = 1
		call bpf_tail_call
		r0 = 0
		exit
	----
		r0 = 0
		exit`, vm.Exit},
	{"a walk over an array", `
		*(u64 *)(r10 - 8) = 7
		r7 = 40
		r1 = map_by_fd(0)
		r2 = func f
		r3 = r10
		r3 += -8
		r4 = 0
		call bpf_for_each_map_elem
		r1 = *(u64 *)(r10 - 8)
		r0 += r1
		r0 += r7
		exit
	f:	r5 = *(u32 *)(r2 + 0)
		r6 = *(u64 *)(r3 + 0)
		r7 = *(u64 *)(r4 + 0)
		r7 *= 3
		r7 += r6
		r7 += r5
		*(u64 *)(r4 + 0) = r7
		*(u64 *)(r3 + 0) = r7
		r0 = 0
		exit`, vm.Exit},
	{"a walk that stops, and what it may not do", `
		r1 = map_by_fd(1)
		r2 = func f
		r3 = 0
		r4 = 1
		call bpf_for_each_map_elem
		r6 = r0
		r1 = map_by_fd(0)
		r2 = func f
		r3 = 0
		r4 = 0
		call bpf_for_each_map_elem
		r6 += r0
		r1 = map_by_fd(0)
		r2 = func g
		r3 = 0
		r4 = 0
		call bpf_for_each_map_elem
		r0 = r6
		exit
	f:	r0 = 1
		exit
	g:	*(u32 *)(r2 + 0) = 1
		r0 = 0
		exit`, vm.Faulted},
	{"walks in walks, and tail calls out of them", `
		r1 = map_by_fd(0)
		r2 = func f
		r3 = 0
		r4 = 0
		call bpf_for_each_map_elem
		exit
	f:	r1 = map_by_fd(0)
		r2 = func g
		r3 = 0
		r4 = 0
		call bpf_for_each_map_elem
		r0 = 0
		exit
	g:	r2 = map_by_fd(2)
		r3 = 1
		call bpf_tail_call
		r0 = 0
		exit
	----
		r0 = 0
		exit`, vm.Exit},
	{"nested calls and stacks", `
		*(u64 *)(r10 - 8) = 1
		r1 = 5
		call f
		r6 = r0
		r1 = 5
		call f
		r0 += r6
		r1 = *(u64 *)(r10 - 8)
		r0 += r1
		exit
	f:	r9 = r1
		*(u64 *)(r10 - 8) = r1
		r1 = r10
		r1 += -8
		call g
		call g2
		r1 = *(u64 *)(r10 - 8)
		r0 += r1
		r0 += r9
		exit
	g:	r2 = *(u64 *)(r1 + 0)
		r2 += 7
		*(u64 *)(r1 + 0) = r2
		r9 = 77
		r0 = 0
		exit
	g2:	r0 = 2
		exit`, vm.Exit},
	{"recursion to the last frame", `
		r1 = 6
		call f
		exit
	f:	r6 = r1
		r0 = 0
		if r1 == 0 goto out
		r1 -= 1
		call f
		r0 += r6
	out:	exit`, vm.Exit},
	{"recursion too deep", `
		r1 = 0
		call f
		exit
	f:	r6 = r1
		r1 += 1
		call f
		r0 += r6
		exit`, vm.Faulted},
	{"a loop of calls", `
		r6 = 10
		r7 = 0
	l:	r1 = r6
		call f
		r7 += r0
		r6 -= 1
		if r6 != 0 goto l
		r0 = r7
		exit
	f:	r0 = r1
		r0 *= r0
		exit`, vm.Exit},
	{"a callee's frame is closed after it returns", `
		r1 = 1
		call f
		r1 = 1
		call f
		r0 = *(u64 *)(r0 + 0)
		exit
	f:	*(u64 *)(r10 - 8) = r1
		r0 = r10
		r0 -= 8
		exit`, vm.Faulted},
	{"a callee's frame is closed before it is called", `
		r1 = 1
		*(u64 *)(r10 + 1016) = r1
		r0 = 0
		exit`, vm.Faulted},
	{"a caller's frame, from below", `
		call f
		r1 = r0
		r0 = *(u64 *)(r10 + 1016)
		exit
	f:	*(u64 *)(r10 - 8) = 5
		call g
		call g
		r1 = *(u64 *)(r10 - 8)
		r0 += r1
		exit
	g:	r0 = *(u64 *)(r10 - 1032)
		r0 += 1
		*(u64 *)(r10 - 1032) = r0
		exit`, vm.Faulted},
	{"frames that are opened late are closed", `
		r6 = 3
	l:	call f
		r6 -= 1
		if r6 != 0 goto l
		r1 = 0x10000400 ll
		r0 = *(u64 *)(r1 + 504)
		exit
	f:	*(u64 *)(r10 - 8) = 5
		r1 = 0x10000400 ll
		r0 = *(u64 *)(r1 + 504)
		r0 += 1
		*(u64 *)(r1 + 504) = r0
		exit`, vm.Faulted},
	{"a helper looks at a frame that nobody opened", `
		r6 = 3
	l:	call f
		r7 = r0
		r6 -= 1
		if r6 != 0 goto l
		r0 = r7
		exit
	f:	*(u64 *)(r10 - 8) = 1
		r1 = map_by_fd(0)
		r2 = 0x10000400 ll
		r2 += 504
		call bpf_map_lookup_elem
		if r0 == 0 goto out
		r0 = *(u64 *)(r0 + 0)
	out:	exit`, vm.Exit},
	{"a fault in the third frame", `
		r1 = 1
		call f
		exit
	f:	r0 = 1
		r1 = 0
		call g
		exit
	g:	r0 = 2
		r1 = *(u8 *)(r1 + 3)
		r0 = 3
		exit`, vm.Faulted},
	{"bpf_loop", `
		r6 = 4
		*(u64 *)(r10 - 8) = 0
		r1 = 5
		r2 = func body
		r3 = r10
		r4 = 0
		call bpf_loop
		r1 = *(u64 *)(r10 - 8)
		r0 += r1
		r0 += r6
		exit
	body:	r6 = r2
		call f
		r1 = *(u64 *)(r6 - 8)
		r1 += r0
		*(u64 *)(r6 - 8) = r1
		r0 = 0
		exit
	f:	r0 = r1
		r0 += 10
		exit`, vm.Exit},
	{"bpf_loop that stops", `
		r1 = 5
		r2 = func body
		r3 = 0
		r4 = 0
		call bpf_loop
		exit
	body:	r0 = 0
		if r1 != 3 goto out
		r0 = 1
	out:	exit`, vm.Exit},
	{"bpf_loop with wrong arguments", `
		r1 = 5
		r2 = func body
		r3 = 0
		r4 = 1
		call bpf_loop
		r6 = r0
		r1 = 0x1000000
		r2 = func body
		r3 = 0
		r4 = 0
		call bpf_loop
		r6 += r0
		r1 = 0
		r2 = func body
		r3 = 0
		r4 = 0
		call bpf_loop
		r0 += r6
		r1 = 7
		r2 = 9
		r3 = 0
		r4 = 0
		call bpf_loop
		exit
	body:	r0 = 0
		exit`, vm.Faulted},
	{"may_goto", `
		r0 = 0
	l:	may_goto out
		r0 += 1
		if r0 != 20 goto l
	out:	exit`, vm.Exit},
	{"map lookup", `
		r6 = 0
		*(u32 *)(r10 - 4) = 1
		r1 = map_by_fd(0)
		r2 = r10
		r2 += -4
		call bpf_map_lookup_elem
		if r0 == 0 goto out
		r1 = *(u64 *)(r0 + 0)
		r1 += 5
		*(u64 *)(r0 + 0) = r1
		lock *(u64 *)(r0 + 0) += r1
		r6 = *(u32 *)(r0 + 4)
		r6 += r1
	out:	r0 = r6
		exit`, vm.Exit},
	{"lookups of all sorts", `
		r6 = 0
		r7 = 0
		r8 = map_by_fd(0)
	l:	*(u32 *)(r10 - 4) = w6
		r1 = r8
		r2 = r10
		r2 += -4
		call bpf_map_lookup_elem
		r7 += r0
		r7 *= 3
		r6 += 1
		if r6 != 5 goto l
		*(u32 *)(r10 - 4) = -1
		r1 = r8
		r2 = r10
		r2 += -4
		call bpf_map_lookup_elem
		r7 += r0
		r8 += 0x100
		r6 -= 4
		if r6 == 1 goto l
		r8 += 0x100
		r6 = 0
		if r8 == 0x40000300 goto l
		r0 = r7
		exit`, vm.Faulted},
	{"a lookup in no map", `
		*(u32 *)(r10 - 4) = 0
		r1 = map_by_fd(0)
		r1 += 0x10
		r2 = r10
		r2 += -4
		call bpf_map_lookup_elem
		exit`, vm.Faulted},
	{"a lookup in a map that is not there", `
		*(u32 *)(r10 - 4) = 0
		r1 = map_by_fd(0)
		r1 += 0x400
		r2 = r10
		r2 += -4
		call bpf_map_lookup_elem
		exit`, vm.Faulted},
	{"a lookup with a key far away", `
		r1 = map_by_fd(0)
		r2 = 0x110000000 ll
		call bpf_map_lookup_elem
		exit`, vm.Faulted},
	{"a lookup with a key that is read-only", `
		r1 = map_by_fd(0)
		r2 = map_val(map_by_fd(3)) + 4
		call bpf_map_lookup_elem
		exit`, vm.Exit},
	{"a helper's fault inside a block", `
		r6 = 0
		r1 = map_by_fd(0)
		r2 = r10
		call bpf_map_lookup_elem
		r6 = 1
		r7 = 2
		r0 = r6
		exit`, vm.Faulted},
	{"read-only map", `
		*(u32 *)(r10 - 4) = 0
		r1 = map_by_fd(3)
		r2 = r10
		r2 += -4
		call bpf_map_lookup_elem
		r1 = *(u64 *)(r0 + 0)
		r2 = *(s32 *)(r0 + 0)
		r3 = *(u8 *)(r0 + 7)
		r1 += r2
		r1 += r3
		r2 = load_acquire((u32 *)(r0 + 0))
		r1 += r2
		lock *(u64 *)(r0 + 0) += r1
		r0 = r1
		exit`, vm.Faulted},
	{"tail call", `
		r6 = r1
		r2 = map_by_fd(2)
		r3 = 1
		call bpf_tail_call
		r0 = 0
		exit
	----
		r0 = 42
		exit`, vm.Exit},
	{"tail calls until there are no more", `
		r6 = r1
		r2 = map_by_fd(2)
		r3 = 0
		call bpf_tail_call
		r0 = 9
		exit`, vm.Exit},
	{"tail call that is not to be had", `
		r2 = map_by_fd(2)
		r3 = 7
		call bpf_tail_call
		r2 = map_by_fd(0)
		r3 = 1
		call bpf_tail_call
		r0 = 9
		exit`, vm.Faulted},
	{"tail call in a subprogram", `
		r6 = 5
		r7 = 6
		r8 = 7
		r9 = 8
		call f
		r0 += r6
		r0 += r7
		r0 += r8
		r0 += r9
		call f
		exit
	f:	r6 = 100
		r2 = map_by_fd(2)
		r3 = 1
		call bpf_tail_call
		r0 = 0
		exit
	----
		r7 = 1000
		r8 = 1000
		r1 = 3
		call g
		r0 += r7
		exit
	g:	r0 = r1
		r9 = 1
		exit`, vm.Exit},
	{"packet", `
		r6 = r1
		r0 = *(u16 *)skb[2]
		r7 = r0
		r8 = 1
		r0 = *(u8 *)skb[r8 + 2]
		r0 += r7
		r0 = *(u32 *)skb[6]
		r0 = 77
		exit`, vm.Exit},
	{"packet end in a subprogram", `
		r6 = r1
		call f
		r0 += 1
		exit
	f:	r6 = r1
		r0 = *(u32 *)skb[100]
		r0 = 77
		r6 = 1
		exit`, vm.Exit},
	{"context", `
		r2 = *(u32 *)(r1 + 76)
		r3 = *(u32 *)(r1 + 80)
		r0 = r3
		r0 -= r2
		r4 = *(u64 *)(r2 + 0)
		r0 += r4
		r4 = *(u8 *)(r3 + 0)
		exit`, vm.Faulted},
}

// caseOf makes a case of a text.
func caseOf(t testing.TB, text string) *vm.Case {
	t.Helper()
	c := &vm.Case{Inputs: []vm.Input{{Packet: []byte{1, 2, 3, 4, 5, 6, 7, 8}}}}
	for part := range strings.SplitSeq(text, "----") {
		made, err := asm.Assemble(part, asm.Names{Helpers: helperNames()})
		if err != nil {
			t.Fatal(err)
		}
		c.Programs = append(c.Programs, &vm.Program{Type: hook.SocketFilter, Insns: made.Insns})
	}
	entry := func(key, value uint32, size int) maps.Entry {
		v := make([]byte, size)
		binary.LittleEndian.PutUint32(v, value)
		return maps.Entry{Key: binary.LittleEndian.AppendUint32(nil, key), Value: v}
	}
	c.Maps = []*maps.Spec{
		{Name: "array", Type: maps.Array, KeySize: 4, ValueSize: 8, MaxEntries: 3, Entries: []maps.Entry{entry(1, 1000, 8)}},
		{Name: "hash", Type: maps.Hash, KeySize: 4, ValueSize: 8, MaxEntries: 3, Entries: []maps.Entry{entry(1, 1000, 8)}},
		{Name: "progs", Type: maps.ProgArray, KeySize: 4, ValueSize: 4, MaxEntries: 5, Entries: []maps.Entry{entry(0, 0, 4), entry(1, 1, 4), entry(2, 2, 4)}},
		{Name: "const", Type: maps.Array, KeySize: 4, ValueSize: 8, MaxEntries: 1, Flags: maps.ReadOnly, Entries: []maps.Entry{entry(0, 0xfffffff0, 8)}},
	}
	return c
}

func helperNames() map[string]int32 {
	names := map[string]int32{}
	for id := range int32(300) {
		if h := vm.HelperByID(id); h != nil {
			names["bpf_"+h.Name] = id
		}
	}
	return names
}

func TestPrograms(t *testing.T) {
	p := newPair(t)
	for _, tt := range programs {
		t.Run(tt.name, func(t *testing.T) {
			c := caseOf(t, tt.text)
			o := p.same(t, c)[0]
			if o.Kind != tt.kind {
				t.Errorf("%v %v (%s), want %v", o.Kind, o.Fault, o.Reason, tt.kind)
			}
			steps := o.Steps
			for c.Fuel = 1; c.Fuel <= steps && !t.Failed(); c.Fuel++ {
				p.same(t, c)
			}
			if tt.kind != vm.Exit { // trusted machines may do as they like
				return
			}
			c.Mode = vm.Trusted
			for _, c.Fuel = range []uint64{steps, steps - 1, steps / 2, steps / 3} {
				p.same(t, c)
			}
		})
	}
}
