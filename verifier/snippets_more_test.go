package verifier_test

import (
	"fmt"

	"github.com/lockstep-ebpf/lockstep/vm/hook"
)

// helperMemory gives a helper memory and a size.
func helperMemory(p *writer) {
	out := p.label()
	if p.chance(5) {
		p.add("r8 = r10\nr8 += -%d", one(p, 8, 16, 24))
	} else {
		p.value(out)
	}
	if p.chance(6) {
		p.random("r7")
		p.bound("r7", p.near(one(p, 16, 48, 64)), out)
	} else {
		p.add("r7 = %d", p.near(one(p, 1, 16, 48, 64)))
	}
	if p.chance(3) {
		p.add("r1 = map[ring]\nr2 = r8\nr3 = r7\nr4 = 0\ncall 130")
	} else {
		p.add("r1 = 0\nr2 = 0\nr3 = r8\nr4 = r7\nr5 = 0\ncall 28")
	}
	p.add("%s:", out)
}

// helperOutput has a helper write over a number, which is used then.
func helperOutput(p *writer) {
	if p.typ == hook.XDP {
		return
	}
	out := p.label()
	n := one(p, 1, 4, 8, 16)
	p.add("*(u64 *)(r10 - 8) = %d\n*(u64 *)(r10 - 16) = %d", p.IntN(9), p.IntN(9))
	p.add("r1 = r6\nr2 = 0\nr3 = r10\nr3 += -%d\nr4 = %d\ncall 26", one(p, 8, 16), n)
	p.add("r9 = *(u64 *)(r10 - %d)\nr8 = map[one][0] + 0\nr8 += r9\nr3 = *(u8 *)(r8 + 0)", one(p, 8, 16))
	p.add("%s:", out)
}

// readOnlyMap changes a map that programs may only read, or another.
func readOnlyMap(p *writer) {
	m := one(p, "shown", "fixed", "array", "one")
	size := map[string]int{"shown": 16, "fixed": 16, "array": 64, "one": 48}[m]
	p.add("*(u32 *)(r10 - 4) = 0")
	for i := range size/8 + p.IntN(2) {
		p.add("*(u64 *)(r10 - %d) = 0", 16+8*i)
	}
	if p.chance(5) {
		p.add("r1 = map[%s]\nr2 = r10\nr2 += -4\nr3 = r10\nr3 += -%d\nr4 = 0\ncall bpf_map_update_elem", m, p.near((8+size)/8)*8)
		return
	}
	if m == "array" {
		return
	}
	p.add("r8 = map[%s][0] + 0", m)
	p.use("r8", 8*p.IntN(size/8), 8)
}

// lookupKey is a lookup with a key that may be there or not, in part unwritten or outside.
func lookupKey(p *writer) {
	n := one(p, 1, 2, 3, 4, 5, 8)
	p.add("*(u64 *)(r10 - 8) = %d\nr2 = r10\nr2 += -%d\nr1 = map[%s]\ncall bpf_map_lookup_elem", p.near(3), n, one(p, "array", "hash"))
	if p.chance(7) {
		p.add("if r0 == 0 goto +1")
	}
	p.add("r3 = *(u8 *)(r0 + 0)")
}

// atomics are updates of memory, and what they leave in registers.
func atomics(p *writer) {
	out := p.label()
	p.random("r7")
	p.bound("r7", p.near(40), out)
	p.add("r8 = %s\n*(u64 *)(r10 - 8) = r7", one(p, "r10", "r10", "r10", "r6"))
	p.add("r0 = 3\nr9 = 1")
	off := one(p, -8, -8, -8, -4, -16)
	switch p.IntN(4) {
	case 0:
		p.add("lock *(u64 *)(r8 %+d) += r9", off)
	case 1:
		p.add("r9 = atomic_fetch_add((u64 *)(r8 %+d), r9)", off)
	case 2:
		p.add("r0 = cmpxchg_64(r8 %+d, r0, r9)", off)
	case 3:
		p.add("r9 = xchg_64(r8 %+d, r9)", off)
	}
	p.add("r7 = *(u64 *)(r10 - 8)\nr8 = map[one][0] + 0\nr8 += %s\nr3 = *(u8 *)(r8 + 0)\n%s:", one(p, "r0", "r9", "r7"), out)
}

// frozen relies on what a map holds that nobody can change, or somebody can.
func frozen(p *writer) {
	m := one(p, "fixed", "fixed", "shown")
	p.add("r8 = map[%s][0] + %d\nr7 = *(%s *)(r8 + %d)", m, one(p, 0, 4, 8), one(p, "u32", "s32", "u8", "s8", "u64"), one(p, 0, 4, 8))
	p.add("r8 = map[one][0] + 0\nr8 += r7\nr3 = *(u8 *)(r8 + 0)")
}

// filler makes Linux put a state aside at the next place for it: eight instructions.
const filler = "call bpf_get_prandom_u32\nif r0 == 7 goto +0\nr1 = 0\nr1 = 0\nr1 = 0\nr1 = 0\nr1 = 0\nr1 = 0\nr1 = 0\nif r0 == 9 goto +0"

// joined has a number that differs on two paths, which meet before it is used.
func joined(p *writer) {
	a, b := p.label(), p.label()
	p.add("call bpf_get_prandom_u32\nr7 = %d\nr8 = %d\nif r0 > 5 goto %s\nr%d = %d\n%s:", p.IntN(40), p.IntN(4), a, one(p, 7, 8), one(p, 4, 60, 100), a)
	p.add(filler)
	switch p.IntN(4) {
	case 0:
		p.add("if r7 > 50 goto %s", b)
	case 1:
		p.add("if r8 == 4 goto %s\nif r7 > r8 goto +0", b)
	case 2:
		p.add("r7 += r8")
	case 3:
		p.add("*(u64 *)(r10 - 24) = r7\nr7 = *(u64 *)(r10 - 24)")
	}
	p.add("r9 = map[one][0] + 0\nr9 += r7\nr3 = *(u8 *)(r9 + 0)\n%s:", b)
}

// joinedStack does the same with what is on the stack, in this frame or by a helper.
func joinedStack(p *writer) {
	a := p.label()
	p.add("*(u64 *)(r10 - 8) = 3\ncall bpf_get_prandom_u32\nif r0 > 5 goto %s\n*(u%d *)(r10 - 8) = %d\n%s:", a, one(p, 8, 32, 64), one(p, 2, 100), a)
	p.add(filler)
	if p.chance(5) {
		p.add("r7 = *(u64 *)(r10 - 8)\nr9 = map[one][0] + 0\nr9 += r7\nr3 = *(u8 *)(r9 + 0)")
		return
	}
	p.add("r1 = map[array]\nr2 = r10\nr2 += -8\ncall bpf_map_lookup_elem\nr3 = *(u64 *)(r0 + 0)")
}

// joinedPointers has pointers that differ on two paths.
func joinedPointers(p *writer) {
	a := p.label()
	first := one(p, "r7 = map[one][0] + 0", "r7 = map[one][0] + 40", "r7 = map[shown][0] + 0", "r7 = r10\nr7 += -8", "r7 = 0", "r7 = r6")
	then := one(p, "r7 = map[one][0] + 0", "r7 = map[one][0] + 41", "r7 = map[fixed][0] + 0", "r7 = r10\nr7 += -16", "r7 = 5")
	p.add("*(u64 *)(r10 - 8) = 0\n*(u64 *)(r10 - 16) = 0\ncall bpf_get_prandom_u32\nr8 = r0\n%s\nif r8 > 5 goto %s\n%s\n%s:", first, a, then, a)
	p.add(filler)
	p.use("r7", 0, 8)
}

// joinedRecord holds a reference on one path only, or on both.
func joinedRecord(p *writer) {
	a, out := p.label(), p.label()
	p.add("call bpf_get_prandom_u32\nr9 = r0\nr8 = 0\nif r9 > 5 goto %s", a)
	p.add("r1 = map[ring]\nr2 = 16\nr3 = 0\ncall bpf_ringbuf_reserve\nr8 = r0\nif r0 == 0 goto %s", out)
	if p.chance(5) {
		p.add("r1 = r8\nr2 = 0\ncall bpf_ringbuf_submit")
		if p.chance(7) {
			p.add("r8 = 0")
		}
	}
	p.add("%s:\n%s", a, filler)
	if p.chance(4) {
		p.add("if r8 == 0 goto %s\nr1 = r8\nr2 = 0\ncall bpf_ringbuf_submit", out)
	}
	p.add("%s:", out)
}

// function calls one, with a number or a pointer, and looks at what is left.
func function(p *writer) {
	f, out := p.label(), p.label()
	p.random("r7")
	p.bound("r7", p.near(40), out)
	p.add("r1 = r7\nr2 = %d\nr3 = r10\nr3 += -8\n*(u64 *)(r10 - 8) = 4\ncall %s", p.IntN(3), f)
	p.add("%s", one(p, "r9 = r0", "r9 = r0", "r9 = r7", "r9 = r1", "r9 = *(u64 *)(r10 - 8)"))
	p.add("r8 = map[one][0] + 0\nr8 += r9\nr3 = *(u8 *)(r8 + 0)\n%s:", out)
	body := one(p, "r0 = r1", "r0 = r1\nr0 += r2", "*(u64 *)(r3 + 0) = r1", "r4 = r10\nr4 += -8\n*(u64 *)(r3 + 0) = r4", "*(u64 *)(r10 - 8) = 100",
		"r0 = r7", "*(u64 *)(r3 - 504) = 0", "r0 = r10", "*(u64 *)(r3 + 8) = 0", "r0 = *(u64 *)(r3 + 0)")
	fmt.Fprintf(&p.tail, "%s:\nr0 = 0\n%s\n%s\nexit\n", f, body, one(p, "", "", "r7 = 0\nr8 = 0"))
}

// functionStack has frames that together are too deep, or nearly.
func functionStack(p *writer) {
	f, g := p.label(), p.label()
	p.add("*(u64 *)(r10 - %d) = 0\ncall %s", one(p, 256, 240), f)
	a, b := one(p, 128, 200, 256), one(p, 16, 120, 128, 136)
	fmt.Fprintf(&p.tail, "%s:\n*(u64 *)(r10 - %d) = 0\ncall %s\nexit\n%s:\n*(u64 *)(r10 - %d) = 0\nr0 = 0\nexit\n", f, a, g, g, b)
}

// callback gives bpf_loop a function that may return something else than 0 or 1.
func callback(p *writer) {
	f := p.label()
	p.add("*(u64 *)(r10 - 8) = 0\nr1 = %d\nr2 = func %s\nr3 = r10\nr3 += -8\nr4 = %d\ncall bpf_loop", one(p, 1, 3, 100), f, one(p, 0, 0, 0, 1))
	fmt.Fprintf(&p.tail, "%s:\nr0 = r1\n%s\nexit\n", f, one(p, "r0 &= 1", "r0 &= 3", "r0 = 1", "r0 = r2", "*(u64 *)(r2 + 0) = r1\nr0 = 0", "r3 = *(u64 *)(r2 + 8)\nr0 = 0"))
}

// callbackState goes from state to state, one a round, and does harm in the last.
func callbackState(p *writer) {
	f, a, b, c, e := p.label(), p.label(), p.label(), p.label(), p.label()
	p.add("*(u64 *)(r10 - 8) = 0\nr1 = %d\nr2 = func %s\nr3 = r10\nr3 += -8\nr4 = 0\ncall bpf_loop", 1+p.IntN(4), f)
	fmt.Fprintf(&p.tail, `%s:
r6 = r2
call bpf_get_prandom_u32
r7 = *(u64 *)(r6 + 0)
if r7 == 1 goto %s
if r7 == 2 goto %s
%s
if r0 > 5 goto %s
*(u64 *)(r6 + 0) = %d
goto %s
%s:
*(u64 *)(r6 + 0) = 2
goto %s
%s:
r8 = map[one][0] + 0
r9 = *(u64 *)(r8 + %d)
%s:
r0 = 0
exit
`, f, a, b, one(p, "", filler), c, one(p, 0, 1, 1, 2, 1000), e, a, c, b, one(p, 40, 41, 48), e)
	fmt.Fprint(&p.tail, "")
	p.tail.WriteString("")
	c2 := fmt.Sprintf("%s:\nr0 = 0\nexit\n", c)
	p.tail.WriteString(c2)
}

// stateInFrame differs in the caller's registers or frame while a function looks ahead.
func stateInFrame(p *writer) {
	f, a := p.label(), p.label()
	p.add("*(u64 *)(r10 - 8) = 3\ncall bpf_get_prandom_u32\nr7 = 4\nif r0 > 5 goto %s\n%s\n%s:\nr1 = 0\ncall %s", a,
		one(p, "r7 = 100", "*(u64 *)(r10 - 8) = 100", "r7 = 5", "r7 = r6"), a, f)
	p.add("%s\nr8 = map[one][0] + 0\nr8 += r7\nr3 = *(u8 *)(r8 + 0)", one(p, "", "r7 = *(u64 *)(r10 - 8)"))
	fmt.Fprintf(&p.tail, "%s:\n%s\nr0 = 0\nexit\n", f, filler)
}

// tailCall leaves the program, perhaps with a record in hand.
func tailCall(p *writer) {
	held := p.chance(3)
	out := p.label()
	if held {
		p.add("r1 = map[ring]\nr2 = 16\nr3 = 0\ncall bpf_ringbuf_reserve\nif r0 == 0 goto %s\nr8 = r0", out)
	}
	p.add("r1 = r6\nr2 = map[%s]\nr3 = %d\ncall bpf_tail_call", one(p, "progs", "progs", "progs", "array"), p.IntN(3))
	if held {
		p.add("r1 = r8\nr2 = 0\ncall bpf_ringbuf_submit")
	}
	p.add("%s:", out)
}

// packetLoad is LD_ABS or LD_IND, and what it leaves.
func packetLoad(p *writer) {
	p.add("r1 = 1\nr7 = %d\nr0 = *(u8 *)skb[%s]", p.IntN(20), one(p, "3", "r7 + 1"))
	if p.chance(3) {
		p.add("r0 = r%d", p.IntN(3))
	}
}

// movedContext gives a helper, or a load, a context that is not where it begins.
func movedContext(p *writer) {
	if p.typ == hook.XDP {
		return
	}
	p.add("r1 = r6")
	if p.chance(5) {
		p.add("r1 += %d", one(p, 0, 4, -4))
	}
	if p.chance(5) {
		p.add("r3 = *(u32 *)(r1 + %d)", one(p, 0, 4, 8))
		return
	}
	p.add("r2 = 0\nr3 = r10\nr3 += -8\nr4 = 8\ncall 26")
}

// pointerBits does with an address what is not to be done.
func pointerBits(p *writer) {
	p.add("r8 = %s\n%s", one(p, "r6", "r10", "map[one][0] + 0", "map[one]"),
		one(p, "r8 &= 7", "w8 += 1", "r8 *= 2", "r8 = -r8", "r8 -= r10", "r9 = 4\nr9 += r8\nr8 = r9", "r9 = 4\nr9 -= r8", "r8 += 8", "r8 += 536870912", "w8 = w8"))
	if p.chance(5) {
		p.add("r3 = *(u8 *)(r8 - %d)", p.IntN(10))
	}
}

// equalNumbers relies on two copies being equal, where they are only so on some paths.
func equalNumbers(p *writer) {
	a, out := p.label(), p.label()
	p.random("r8")
	p.add("call bpf_get_prandom_u32\nr7 = r0\nr9 = r%d\nif r0 > 5 goto %s\nr9 = r%d\n%s:", one(p, 0, 8), a, one(p, 7, 7, 8), a)
	p.add(filler)
	p.add("if r7 > %d goto %s\nr8 = map[one][0] + 0\nr8 += r9\nr3 = *(u8 *)(r8 + 0)\n%s:", p.near(47), out, out)
}
