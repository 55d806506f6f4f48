package kernelcmp

import (
	"strings"
	"testing"

	"github.com/lockstep-ebpf/lockstep/spec/asm"
	"github.com/lockstep-ebpf/lockstep/vm"
	"github.com/lockstep-ebpf/lockstep/vm/hook"
	"github.com/lockstep-ebpf/lockstep/vm/maps"
)

// assemble reads a text in which map 0 is "array", map 1 "hash" and map 2 "table".
func assemble(t testing.TB, typ hook.Type, text string) *vm.Program {
	t.Helper()
	p, err := asm.Assemble(text, asm.Names{Maps: []string{"array", "hash", "table"}})
	if err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	return &vm.Program{Type: typ, Order: hostOrder, Insns: p.Insns}
}

// Programs in which things of several kinds meet.
var written = []struct {
	name  string
	types []hook.Type
	text  string
}{
	{"division by zero", allTypes, `
		r0 = -1 ll
		r2 = 0
		r3 = 0x100000007 ll
		w3 %= w2
		r0 ^= r3
		r4 = 9
		r4 s/= r2
		r0 += r4
		exit`},
	{"atomics on the stack", allTypes, `
		r1 = 0x1122334455667788 ll
		*(u64 *)(r10 - 8) = r1
		r0 = 0x55667788
		r2 = -2
		w0 = cmpxchg32_32(r10 - 8, w0, w2)
		r3 = 5
		lock *(u64 *)(r10 - 8) += r3
		r4 = *(u64 *)(r10 - 8)
		r0 += r4
		exit`},
	{"sign-extending loads", allTypes, `
		r1 = 0x80c0a0ff ll
		*(u64 *)(r10 - 8) = r1
		r0 = *(s8 *)(r10 - 8)
		r2 = *(s16 *)(r10 - 6)
		r0 *= r2
		r2 = *(s32 *)(r10 - 8)
		r0 ^= r2
		exit`},
	{"loop over a counter", allTypes, `
		r0 = 1
		r1 = 40
		loop: r0 *= 7
		r1 -= 1
		if r1 != 0 goto loop
		exit`},
	{"array and hash", []hook.Type{hook.SocketFilter, hook.SchedCLS, hook.XDP, hook.Syscall, hook.Unspec}, `
		*(u32 *)(r10 - 4) = 1
		r1 = map[array]
		r2 = r10
		r2 += -4
		call 1
		r6 = 0
		if r0 == 0 goto out
		r6 = *(u64 *)(r0 + 0)
		r6 += 3
		*(u64 *)(r0 + 0) = r6
		*(u64 *)(r10 - 16) = r6
		r1 = map[hash]
		r2 = r10
		r2 += -16
		r3 = r10
		r3 += -16
		r4 = 1
		call 2
		r6 += r0
		out: r0 = r6
		exit`},
	{"full hash", []hook.Type{hook.SocketFilter}, `
		r7 = 0
		r8 = 6
		loop: *(u64 *)(r10 - 8) = r8
		r1 = map[hash]
		r2 = r10
		r2 += -8
		r3 = r2
		r4 = 0
		call 2
		r7 <<= 8
		r7 ^= r0
		r8 -= 1
		if r8 != 0 goto loop
		r0 = r7
		exit`},
	{"33 tail calls", []hook.Type{hook.SocketFilter, hook.SchedCLS, hook.XDP}, `
		r6 = r1
		*(u32 *)(r10 - 4) = 0
		r1 = map[array]
		r2 = r10
		r2 += -4
		call 1
		if r0 == 0 goto out
		r7 = *(u64 *)(r0 + 0)
		r7 += 1
		*(u64 *)(r0 + 0) = r7
		r1 = r6
		r2 = map[table]
		r3 = 0
		call 12
		r0 = r7
		r0 <<= 32
		out: exit`},
	{"callback that stops early", allTypes, `
		*(u64 *)(r10 - 8) = 0
		r1 = 100
		r2 = func body
		r3 = r10
		r3 += -8
		r4 = 0
		call 181
		r1 = *(u64 *)(r10 - 8)
		r0 <<= 32
		r0 |= r1
		exit
		body: r3 = *(u64 *)(r2 + 0)
		r3 += r1
		*(u64 *)(r2 + 0) = r3
		r0 = 0
		if r1 < 20 goto +1
		r0 = 1
		exit`},
	{"frames are apart", allTypes, `
		*(u64 *)(r10 - 8) = 1
		r6 = 7
		call f
		r1 = *(u64 *)(r10 - 8)
		r0 += r1
		r0 += r6
		exit
		f: *(u64 *)(r10 - 8) = 100
		r6 = 1000
		r0 = *(u64 *)(r10 - 8)
		exit`},
	{"packet byte swap", []hook.Type{hook.XDP, hook.SchedCLS}, `
		r2 = *(u32 *)(r1 + DATA)
		r3 = *(u32 *)(r1 + END)
		r4 = r2
		r4 += 20
		r0 = 0
		if r4 > r3 goto out
		r0 = *(u64 *)(r2 + 11)
		r0 = be64 r0
		*(u64 *)(r2 + 3) = r0
		w5 = *(u16 *)(r2 + 0)
		r5 = bswap32 r5
		r0 ^= r5
		out: exit`},
	{"LD_IND", []hook.Type{hook.SocketFilter, hook.SchedCLS}, `
		r6 = r1
		r7 = 3
		r0 = *(u32 *)skb[r7 + 2]
		r8 = r0
		r0 = *(u16 *)skb[0]
		r0 <<= 32
		r0 |= r8
		exit`},
}

// writtenCases is one case a text and type.
func writtenCases(t *testing.T) []*vm.Case {
	t.Helper()
	var cs []*vm.Case
	for _, w := range written {
		for _, typ := range w.types {
			text := strings.NewReplacer("DATA", "76", "END", "80").Replace(w.text)
			if typ == hook.XDP {
				text = strings.NewReplacer("DATA", "0", "END", "4").Replace(w.text)
			}
			c := one(assemble(t, typ, text), packetInput(20), packetInput(50), packetInput(80))
			c.Name = w.name + " (" + typ.String() + ")"
			c.Maps = []*maps.Spec{
				{Name: "array", Type: maps.Array, KeySize: 4, ValueSize: 8, MaxEntries: 3},
				{Name: "hash", Type: maps.Hash, KeySize: 8, ValueSize: 8, MaxEntries: 4},
			}
			if strings.Contains(w.text, "table") {
				c.Maps = append(c.Maps, &maps.Spec{
					Name: "table", Type: maps.ProgArray, KeySize: 4, ValueSize: 4, MaxEntries: 1,
					Entries: []maps.Entry{{Key: make([]byte, 4), Value: make([]byte, 4)}},
				})
			}
			cs = append(cs, c)
		}
	}
	return cs
}

func packetInput(n int) vm.Input {
	in := vm.Input{Packet: make([]byte, n), Memory: make([]byte, 16)}
	for i := range in.Packet {
		in.Packet[i] = byte(i*41 + n)
	}
	return in
}
