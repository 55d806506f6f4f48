package kernelcmp

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lockstep-ebpf/lockstep/spec/asm"
	"github.com/lockstep-ebpf/lockstep/vm"
	"github.com/lockstep-ebpf/lockstep/vm/hook"
	"github.com/lockstep-ebpf/lockstep/vm/maps"
)

// verdict makes a case of a program at a socket. Socket 7 is in both maps, socket 9
// in the sockmap alone.
func verdict(t *testing.T, typ hook.Type, text string, inputs ...vm.Input) *vm.Case {
	t.Helper()
	entry := func(key []byte, socket byte) maps.Entry {
		return maps.Entry{Key: key, Value: []byte{socket, 0, 0, 0, 0, 0, 0, 0}}
	}
	specs := []*maps.Spec{
		{Name: "array", Type: maps.SockMap, KeySize: 4, ValueSize: 8, MaxEntries: 4, Entries: []maps.Entry{entry(u32(1), 7), entry(u32(2), 9)}},
		{Name: "hash", Type: maps.SockHash, KeySize: 2, ValueSize: 8, MaxEntries: 2, Entries: []maps.Entry{entry([]byte("ab"), 7)}},
	}
	p, err := asm.Assemble(text, asm.Names{
		Maps: []string{"array", "hash"}, Helpers: map[string]int32{"sk_redirect_map": 52, "sk_redirect_hash": 72, "map_delete_elem": 3},
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(inputs) == 0 {
		inputs = []vm.Input{{Packet: []byte("hello")}}
	}
	return &vm.Case{
		Name: typ.String() + ": " + text, Maps: specs, Inputs: inputs,
		Programs: []*vm.Program{{Type: typ, Order: hostOrder, Insns: p.Insns}},
	}
}

// toMap redirects through the sockmap. Behind it r6 is the context.
func toMap(index, flags int) string {
	return fmt.Sprintf("r6 = r1\nr2 = map[array]\nr3 = %d\nr4 = %d\ncall sk_redirect_map\n", index, flags)
}

// toHash redirects through the sockhash, with the context in r6.
func toHash(key string, flags int) string {
	return fmt.Sprintf("r1 = r6\n*(u16 *)(r10 - 2) = %d\nr2 = map[hash]\nr3 = r10\nr3 += -2\nr4 = %d\ncall sk_redirect_hash\n",
		hostOrder.Binary().Uint16([]byte(key)), flags)
}

// message is where one arrives; nil: nowhere.
func message(socket, flags uint64, text string) *vm.Event {
	return &vm.Event{Kind: vm.Message, Map: -1, Index: socket, Flags: flags, Data: []byte(text)}
}

// TestMessages sends messages through programs at a socket. What is to become of them
// is what include/uapi/linux/bpf.h says of the helpers and of enum sk_action.
func TestMessages(t *testing.T) {
	k := kernel(t, Options{})
	var cs []*vm.Case
	var want []*vm.Event
	var r0s []uint64
	for _, typ := range []hook.Type{hook.StreamVerdict, hook.SKBVerdict} {
		for _, x := range []struct {
			text string
			r0   uint64
			want *vm.Event
		}{
			{"r0 = 1\nexit", 1, message(0, 0, "hello")},
			{"r0 = 0\nexit", 0, nil},
			{"r0 = 2\nexit", 2, nil},
			{"r0 = 0xdeadbeef00000001 ll\nexit", 0xdead_beef_0000_0001, message(0, 0, "hello")},
			{"r0 = 0x100000000 ll\nexit", 1 << 32, nil},
			{toMap(1, 0) + "exit", 1, message(7, 0, "hello")},
			{toMap(1, 1) + "exit", 1, message(7, 1, "hello")},
			{toMap(2, 1) + "exit", 1, message(9, 1, "hello")},
			{toMap(0, 0) + "exit", 0, nil},
			{toMap(4, 0) + "exit", 0, nil},
			{toMap(-1, 0) + "exit", 0, nil},
			{toMap(1, 2) + "exit", 0, nil},
			{toMap(1, 0) + "r0 = 0\nexit", 0, nil},
			{toMap(0, 0) + "r0 = 1\nexit", 1, message(0, 0, "hello")},
			{toMap(0, 0) + toHash("ab", 0) + "exit", 1, message(7, 0, "hello")},
			{toMap(0, 0) + toHash("ab", 1) + "exit", 1, message(7, 1, "hello")},
			{toMap(2, 0) + toHash("ba", 0) + "exit", 0, nil},
			{toMap(2, 0) + toHash("ba", 0) + "r0 = 1\nexit", 1, message(9, 0, "hello")}, // the one before stands
			{toMap(2, 0) + toHash("ab", 1) + "exit", 1, message(7, 1, "hello")},         // the last one counts
			{toMap(2, 0) + "r1 = r6\nr2 = *(u32 *)(r1 + 76)\nr3 = *(u32 *)(r1 + 80)\nr4 = r2\nr4 += 5\nif r4 > r3 goto out\n*(u8 *)(r2 + 4) = 33\nout: exit", 1, message(9, 0, "hell!")},
		} {
			cs, want, r0s = append(cs, verdict(t, typ, x.text)), append(want, x.want), append(r0s, x.r0)
		}
	}
	for i, out := range k.RunBatch(cs) {
		o := exited(t, out[0])
		var events []vm.Event
		if want[i] != nil {
			events = []vm.Event{*want[i]}
		}
		if diff := cmp.Diff(events, o.Events); diff != "" || o.R0 != r0s[i] {
			t.Errorf("%s: r0 = %#x, want %#x; where the message went (-want +got): %s", cs[i].Name, o.R0, r0s[i], diff)
		}
	}
	agree(t, k, cs)
}

// Messages of all sizes arrive whole, one after the other, and find the maps as the
// one before left them.
func TestMessageSizes(t *testing.T) {
	k := kernel(t, Options{})
	var inputs []vm.Input
	for _, n := range []int{1, 2, 1500, maxMessage, 3, maxMessage - 1} {
		inputs = append(inputs, vm.Input{Packet: bytes.Repeat([]byte{byte(n)}, n)})
	}
	var cs []*vm.Case
	for _, text := range []string{"r0 = *(u32 *)(r1 + 0)\nr0 <<= 32\nr0 += 1\nexit", toMap(1, 0) + "exit", toMap(2, 1) + "exit"} {
		cs = append(cs, verdict(t, hook.StreamVerdict, text, inputs...))
	}
	for c, out := range k.RunBatch(cs) {
		for i := range inputs {
			o := exited(t, out[i])
			if len(o.Events) != 1 || !bytes.Equal(o.Events[0].Data, inputs[i].Packet) {
				t.Errorf("case %d, message %d: %d messages arrived", c, i, len(o.Events))
			}
		}
		if n := uint64(len(inputs[3].Packet)); c == 0 && out[3].R0 != n<<32+1 {
			t.Errorf("skb->len = %#x, want %d", out[3].R0>>32, n)
		}
	}
	agree(t, k, cs)
}

// A program of another type finds sockets in maps, and may take them out.
func TestSocketsRead(t *testing.T) {
	k := kernel(t, Options{})
	c := verdict(t, hook.SchedCLS, `
		*(u32 *)(r10 - 4) = 1
		r1 = map[array]
		r2 = r10
		r2 += -4
		call map_delete_elem
		exit`, vm.Input{Packet: make([]byte, 14)}, vm.Input{Packet: make([]byte, 14)})
	outs := k.Run(c)
	for i, r0 := range []uint64{0, ^uint64(21)} { // the second time it is EINVAL
		o := exited(t, outs[i])
		if o.R0 != r0 {
			t.Errorf("run %d: r0 = %d, want %d", i, int64(o.R0), int64(r0))
		}
		for m, want := range [][]maps.Entry{c.Maps[0].Entries[1:], c.Maps[1].Entries} {
			if diff := cmp.Diff(want, o.Maps[m]); diff != "" {
				t.Errorf("run %d, map %d (-want +got):\n%s", i, m, diff)
			}
		}
	}
	agree(t, k, []*vm.Case{c})
}

func TestMessagesUnsupported(t *testing.T) {
	k := kernel(t, Options{})
	const pass = "r0 = 1\nexit"
	small := verdict(t, hook.StreamVerdict, pass)
	small.Maps[0] = &maps.Spec{Name: "small", Type: maps.SockMap, KeySize: 4, ValueSize: 4, MaxEntries: 1, Entries: []maps.Entry{{Key: u32(0), Value: u32(1)}}}
	for _, x := range []struct {
		want string
		c    *vm.Case
	}{
		{"a packet of 0 bytes: the kernel takes 1 to 8192", verdict(t, hook.StreamVerdict, pass, vm.Input{})},
		{"a packet of 8193 bytes", verdict(t, hook.SKBVerdict, pass, vm.Input{Packet: make([]byte, 8193)})},
		{"byte 8 of the context", verdict(t, hook.SKBVerdict, pass, vm.Input{Packet: []byte{1}, Context: append(make([]byte, 8), 1)})},
		{"values of 4 bytes", small},
		{"sk_skb/stream_parser", one(prog(14|4<<16, mov(0, 0), exit))}, // a stream parser
	} {
		if o := k.Run(x.c)[0]; o.Kind != vm.LoadUnsupported || !strings.Contains(o.Reason, x.want) {
			t.Errorf("%s (%s), want unsupported with %q", o.Kind, o.Reason, x.want)
		}
	}
	if _, err := newRouter(&loaded{typ: hook.StreamVerdict}); err == nil || !strings.Contains(err.Error(), "cannot be made to store r0") {
		t.Errorf("a program whose r0 nobody sees: %v", err)
	}
	none := verdict(t, hook.StreamVerdict, pass)
	none.Maps[0].Entries[0].Value = make([]byte, 8)
	if o := k.Run(none)[0]; o.Kind != vm.LoadRejected || !strings.Contains(o.Reason, "EBADF") {
		t.Errorf("a socket that is none: %s (%s)", o.Kind, o.Reason)
	}
}

func TestRawTracepoint(t *testing.T) {
	k := kernel(t, Options{})
	args := func(n int) (b []byte) {
		for i := range n {
			b = append(b, u64(uint64(i+1)<<56|uint64(i))...)
		}
		return b
	}
	var cs []*vm.Case
	for n := range 12 {
		text := fmt.Sprintf("r0 = *(u64 *)(r1 + %d)\nr2 = *(u32 *)(r1 + %d)\nr0 += r2\nr2 = *(u8 *)(r1 + %d)\nr0 += r2\nexit", 8*n, 8*n+4, 8*n)
		c := one(assemble(t, hook.RawTracepoint, text), vm.Input{Context: args(12)}, vm.Input{Context: args(n + 1)})
		c.Name = fmt.Sprintf("argument %d", n)
		arg := uint64(n+1)<<56 | uint64(n)
		for i, o := range k.Run(c) {
			if want := arg + arg>>32 + uint64(args(12)[8*n]); exited(t, o).R0 != want {
				t.Errorf("%s, input %d: r0 = %#x, want %#x", c.Name, i, o.R0, want)
			}
		}
		cs = append(cs, c)
	}
	agree(t, k, cs)
	for _, x := range []struct {
		text, want string
		kind       vm.Kind
		n          int
	}{
		{"r0 = *(u64 *)(r1 + 16)\nexit", "more of its context than the 16 bytes", vm.LoadUnsupported, 16},
		{"r0 = *(u64 *)(r1 + 96)\nexit", "invalid bpf_context access", vm.LoadRejected, 96},
		{"r0 = 0\n*(u64 *)(r1 + 0) = r0\nexit", "invalid bpf_context access", vm.LoadRejected, 96},
		{"r0 = 0\nexit", "a context of 97 bytes", vm.LoadUnsupported, 97},
	} {
		o := k.Run(one(assemble(t, hook.RawTracepoint, x.text), vm.Input{Context: make([]byte, x.n)}))[0]
		if o.Kind != x.kind || !strings.Contains(o.Reason, x.want) {
			t.Errorf("%q: %s (%s), want %s with %q", x.text, o.Kind, o.Reason, x.kind, x.want)
		}
	}
}
