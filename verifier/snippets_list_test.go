package verifier_test

import (
	"strings"

	"github.com/lockstep-ebpf/lockstep/vm/hook"
)

// snippets are all of them, memory first.
var snippets = []snippet{
	valueAccess, valueAccess, linkedNumbers, linkedNumbers, spilled, spilled, variableStack, packetAccess, packetAccess, packetMoved,
	nullCheck, record, contextField, helperMemory, readOnlyMap, atomics, frozen, joined, joined, joinedStack, joinedPointers,
	function, functionStack, callback, callbackState, tailCall, packetLoad, movedContext, lookupKey, pointerBits, equalNumbers,
	helperOutput, joinedRecord, stateInFrame,
}

// valueAccess is an access to a map's value at a number that was cut down.
func valueAccess(p *writer) {
	out := p.label()
	size := p.value(out)
	p.random("r7")
	n := p.size()
	p.bound("r7", p.near(size-n), out)
	p.add("r8 += r7")
	p.use("r8", one(p, 0, 0, 0, 1, -1, 4), n)
	p.add("%s:", out)
}

// linkedNumbers compares one of two registers that go together, and uses the other.
func linkedNumbers(p *writer) {
	out := p.label()
	p.random("r7")
	p.add("%s", one(p, "r9 = r7", "r9 = r7", "w9 = w7", "r9 = (s8)r7", "r9 = (s32)r7"))
	delta := p.IntN(9) - 4
	p.add(one(p, "r9 += %d", "r9 -= %d", "r7 += %d", "w9 += %d", "r9 += 0\nr9 += %d"), delta)
	if p.chance(2) {
		p.add("r9 = be16 r9")
	}
	if p.chance(2) { // far enough to wrap
		p.add("r9 += 2147483647\nr9 += 2147483647\nr9 += 2")
	}
	p.bound("r7", p.near(40), out)
	p.add("r8 = map[one][0] + 0\nr8 += r9")
	p.use("r8", one(p, 0, 0, 4, 7), 1)
	p.add("%s:", out)
}

// spilled stores a number in one size, and loads it in another.
func spilled(p *writer) {
	out := p.label()
	p.random("r7")
	a, b := p.size(), p.size()
	kind := map[int]string{1: "8", 2: "16", 4: "32", 8: "64"}
	if p.chance(4) {
		p.bound("r7", p.near(40), out)
	}
	if p.chance(2) {
		p.add("*(u64 *)(r10 - 8) = %d", one(p, 0, -1, 5))
	} else {
		p.add("*(u%s *)(r10 - 8) = r7", kind[a])
	}
	switch p.IntN(4) {
	case 0:
		p.random("r9")
		p.add("*(u%s *)(r10 - %d) = r9", kind[p.size()], one(p, 8, 8, 16))
	case 1:
		p.add("*(u8 *)(r10 - %d) = %d", 1+p.IntN(9), one(p, 0, 77))
	}
	sign := one(p, "u", "u", "s")
	if b == 8 {
		sign = "u"
	}
	p.add("r9 = *(%s%s *)(r10 - 8)", sign, kind[b])
	p.bound(one(p, "r7", "r9"), p.near(40), out)
	p.add("r8 = map[one][0] + 0\nr8 += r9")
	p.use("r8", 0, 1)
	p.add("%s:", out)
}

// variableStack writes and reads the frame at a number.
func variableStack(p *writer) {
	out := p.label()
	p.add("*(u64 *)(r10 - 8) = 0\n*(u64 *)(r10 - 16) = 0\n*(u64 *)(r10 - 24) = 5")
	p.random("r7")
	p.bound("r7", p.near(one(p, 16, 504)), out)
	if p.chance(6) {
		p.add("r7 &= -8")
	}
	p.add("r8 = r10\nr8 += %d\nr8 += r7", one(p, -24, -24, -16, -512, -520))
	if p.chance(7) {
		p.add("*(u64 *)(r8 + 0) = %d", one(p, 0, 300))
	} else {
		p.add("r3 = *(u8 *)(r8 + 0)")
	}
	p.add("r9 = *(u64 *)(r10 - %d)\nr8 = map[one][0] + 0\nr8 += r9\nr3 = *(u8 *)(r8 + 0)", one(p, 8, 16, 24))
	p.add("%s:", out)
}

// ends loads data and data_end into r7 and r9.
func (p *writer) ends() {
	if p.typ == hook.XDP {
		p.add("r7 = *(u32 *)(r6 + 0)\nr9 = *(u32 *)(r6 + 4)")
		return
	}
	p.add("r7 = *(u32 *)(r6 + 76)\nr9 = *(u32 *)(r6 + 80)")
}

// packetAccess compares in one way or another, and reads around there.
func packetAccess(p *writer) {
	if p.typ == hook.SocketFilter && p.chance(9) {
		return
	}
	out, in := p.label(), p.label()
	p.ends()
	n := 8 + p.IntN(4)
	p.add("r8 = r7\nr8 += %d", n)
	switch cond := one(p, ">", ">=", "<", "<="); {
	case p.chance(5):
		p.add("if %s goto %s", one(p, "r8 "+cond+" r9", "r9 "+cond+" r8"), out)
	default:
		p.add("if %s goto %s\ngoto %s\n%s:", one(p, "r8 "+cond+" r9", "r9 "+cond+" r8"), in, out, in)
	}
	size := p.size()
	p.use(one(p, "r7", "r7", "r8"), one(p, n-size, n-size, n-size+1, n-size-1, -1, -size, 0), size)
	p.add("%s:", out)
}

// packetMoved moves a pointer by a number, before or after the comparison.
func packetMoved(p *writer) {
	if p.typ == hook.SocketFilter {
		return
	}
	out := p.label()
	p.random("r8")
	p.bound("r8", p.near(60), out)
	p.ends()
	if p.chance(2) {
		p.add("r9 += %d", p.IntN(3))
	}
	move := "r7 += r8"
	after := p.chance(4)
	if !after {
		p.add(move)
	}
	p.add("r2 = r7\nr2 += 16\nif r2 > r9 goto %s", out)
	switch {
	case after:
		p.add(move)
	case p.chance(2): // another variable part
		p.add("r3 = *(u8 *)(r7 + 0)\nr7 = *(u32 *)(r6 + %d)\nr7 += r3", one(p, 0, 76))
	case p.chance(2) && p.typ == hook.SchedCLS:
		p.add("r1 = r6\nr2 = %d\ncall 39", p.IntN(40))
	case p.chance(2) && p.typ == hook.XDP:
		p.add("r1 = r6\nr2 = %d\ncall 44", -p.IntN(4))
	}
	p.use("r7", p.near(8), one(p, 4, 8))
	p.add("%s:", out)
}

// nullCheck looks at one of two pointers, and uses one of them.
func nullCheck(p *writer) {
	out := p.label()
	lookup := "*(u64 *)(r10 - 8) = 1\nr1 = map[hash]\nr2 = r10\nr2 += -8\ncall bpf_map_lookup_elem"
	p.add("%s\nr7 = r0", lookup)
	if p.chance(4) {
		p.add("%s\nr8 = r0", lookup)
	} else {
		p.add("r8 = r7")
	}
	if p.chance(2) {
		p.add("%s += %d", one(p, "r7", "r8"), p.IntN(3))
	}
	check := one(p, "r7", "r8")
	switch p.IntN(6) {
	case 0:
		in := p.label()
		p.add("if %s != 0 goto %s\ngoto %s\n%s:", check, in, out, in)
	case 1:
		p.add("if %s == 0 goto %s", strings.Replace(check, "r", "w", 1), out)
	case 2:
		p.add("if %s != 0 goto %s", check, out)
	case 3:
		p.add("if r7 != r8 goto %s", out)
	default:
		p.add("if %s == 0 goto %s", check, out)
	}
	p.use(one(p, "r7", "r8"), p.near(8), 8)
	p.add("%s:", out)
}

// record takes, uses and gives back a record of a ring buffer, or not quite.
func record(p *writer) {
	out := p.label()
	p.add("r1 = map[ring]\nr2 = 16\nr3 = 0\ncall bpf_ringbuf_reserve")
	if p.chance(9) {
		p.add("if r0 == 0 goto %s", out)
	}
	p.add("r8 = r0\nr9 = r0")
	p.use("r8", p.near(8), 8)
	if p.chance(2) {
		p.add("r8 += %d", p.IntN(9))
	}
	if p.chance(9) {
		p.add("r1 = r8\nr2 = 0\ncall %s", one(p, "bpf_ringbuf_submit", "bpf_ringbuf_discard"))
	}
	if p.chance(2) {
		p.use("r9", 0, 8)
	}
	if p.chance(1) {
		p.add("r1 = r9\nr2 = 0\ncall bpf_ringbuf_submit")
	}
	p.add("%s:", out)
}

// contextField reads or writes somewhere in the context.
func contextField(p *writer) {
	p.add("r1 = r6")
	if p.chance(1) {
		p.add("r1 += %d", 4*p.IntN(3))
	}
	off := 4 * p.IntN(50)
	if p.typ == hook.XDP {
		off = 4 * p.IntN(7)
	}
	p.use("r1", off+one(p, 0, 0, 0, 1, 2), p.size())
}
