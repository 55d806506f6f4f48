package verifier_test

import (
	"fmt"
	"math/rand/v2"
	"strings"

	"github.com/lockstep-ebpf/lockstep/spec/asm"
	"github.com/lockstep-ebpf/lockstep/vm"
	"github.com/lockstep-ebpf/lockstep/vm/casefile"
	"github.com/lockstep-ebpf/lockstep/vm/hook"
	"github.com/lockstep-ebpf/lockstep/vm/maps"
)

// A snippet is a few lines about one rule of the verifier, with numbers drawn from around
// where the rule begins to bite: about half of them break it. Random programs seldom come
// near: they are refused for something else first.
//
//	r6  the context        r7 to r9 and all below are a snippet's own
//
// Snippets stand one after the other and share nothing but the stack.
type snippet func(p *writer)

// writer puts a program together.
type writer struct {
	*rand.Rand
	typ    hook.Type
	text   strings.Builder
	tail   strings.Builder // functions
	labels int
}

func (p *writer) add(format string, args ...any) {
	fmt.Fprintf(&p.text, format+"\n", args...)
}

func (p *writer) label() string {
	p.labels++
	return fmt.Sprintf("l%d", p.labels)
}

// one draws one of several.
func one[T any](p *writer, from ...T) T { return from[p.IntN(len(from))] }

// chance is true n times of ten.
func (p *writer) chance(n int) bool { return p.IntN(10) < n }

// near is a number around n.
func (p *writer) near(n int) int { return n + p.IntN(5) - 2 }

// snippetMaps are what snippets work with.
var snippetMaps = []*maps.Spec{
	{Name: "array", Type: maps.Array, KeySize: 4, ValueSize: 64, MaxEntries: 4},
	{Name: "hash", Type: maps.Hash, KeySize: 8, ValueSize: 16, MaxEntries: 8},
	{Name: "one", Type: maps.Array, KeySize: 4, ValueSize: 48, MaxEntries: 1},
	{Name: "ring", Type: maps.RingBuf, MaxEntries: 4096},
	{Name: "fixed", Type: maps.Array, KeySize: 4, ValueSize: 16, MaxEntries: 1, Flags: maps.ReadOnly, Frozen: true, Entries: []maps.Entry{
		{Key: make([]byte, 4), Value: []byte{8: 5, 12: 200, 13: 255, 14: 255, 15: 255}},
	}},
	{Name: "shown", Type: maps.Array, KeySize: 4, ValueSize: 16, MaxEntries: 1, Flags: maps.ReadOnly, Entries: []maps.Entry{
		{Key: make([]byte, 4), Value: []byte{8: 5, 15: 0}},
	}},
	{Name: "progs", Type: maps.ProgArray, KeySize: 4, ValueSize: 4, MaxEntries: 2},
}

var snippetNames = casefile.Names(snippetMaps)

// snippetCase is a program of one to three snippets.
func snippetCase(seed uint64) *vm.Case {
	r := rand.New(rand.NewPCG(seed, 4))
	p := &writer{Rand: r, typ: one(&writer{Rand: r}, hook.SocketFilter, hook.SchedCLS, hook.SchedCLS, hook.XDP, hook.CgroupSKBIngress)}
	p.add("r6 = r1")
	for range 1 + p.IntN(3) {
		snippets[p.IntN(len(snippets))](p)
	}
	if p.chance(1) {
		p.add("r0 = %d", one(p, 1, 2, 4))
	} else {
		p.add("r0 = 1")
	}
	p.add("exit")
	prog, err := asm.Assemble(p.text.String()+p.tail.String(), snippetNames)
	if err != nil {
		panic(fmt.Sprintf("seed %d: %v\n%s", seed, err, p.text.String()+p.tail.String()))
	}
	packet := make([]byte, 14+p.IntN(80))
	for i := range packet {
		packet[i] = byte(r.Uint32())
	}
	return &vm.Case{
		Programs: []*vm.Program{{Type: p.typ, Insns: prog.Insns}}, Maps: snippetMaps, Fuel: 100_000,
		Inputs: []vm.Input{{Packet: packet, Seed: seed}, {Packet: packet[:14], Seed: seed + 1}},
	}
}

// random puts a number that nobody knows into a register, and cuts it down a little.
func (p *writer) random(reg string) {
	p.add("call bpf_get_prandom_u32\n%s = r0", reg)
	for range p.IntN(3) {
		p.narrow(reg)
	}
}

// narrow is an operation that changes what is known of a number.
func (p *writer) narrow(reg string) {
	w := strings.Replace(reg, "r", "w", 1)
	switch p.IntN(9) {
	case 0:
		p.add("%s &= %d", one(p, reg, w), one(p, 3, 7, 15, 31, 63, 60, 255, -8))
	case 1:
		p.add("%s >>= %d", one(p, reg, w), p.IntN(32))
	case 2:
		p.add("%s += %d", one(p, reg, w), p.IntN(33)-16)
	case 3:
		p.add("%s = %s", w, w)
	case 4:
		x := one(p, reg, w)
		p.add("%s = (%s)%s", x, one(p, "s8", "s16"), x)
	case 5:
		p.add("%s <<= %d", one(p, reg, w), p.IntN(4))
	case 6:
		p.add("%s %%= %d", one(p, reg, w), 1+p.IntN(64))
	case 7:
		p.add("%s s>>= %d", one(p, reg, w), p.IntN(31))
	case 8:
		p.add("%s = be%d %s", reg, one(p, 16, 32, 64), reg)
	}
}

// bound goes on only where a register is below some limit, or nearly.
func (p *writer) bound(reg string, limit int, out string) {
	w := strings.Replace(reg, "r", "w", 1)
	x := one(p, reg, reg, w)
	switch p.IntN(6) {
	case 0:
		p.add("if %s > %d goto %s", x, limit, out)
	case 1:
		p.add("if %s >= %d goto %s", x, limit+1, out)
	case 2:
		p.add("if %s s> %d goto %s\nif %s s< 0 goto %s", x, limit, out, x, out)
	case 3:
		p.add("r5 = %d\nif %s > r5 goto %s", limit, reg, out)
	case 4:
		in := p.label()
		p.add("if %s <= %d goto %s\ngoto %s\n%s:", x, limit, in, out, in)
	case 5:
		p.add("%s &= %d", reg, limit)
	}
}

// use accesses size bytes at a register.
func (p *writer) use(reg string, off, size int) {
	kind := map[int]string{1: "u8", 2: "u16", 4: "u32", 8: "u64"}[size]
	switch p.IntN(3) {
	case 0:
		p.add("*(%s *)(%s %+d) = %d", kind, reg, off, p.IntN(9))
	case 1:
		p.add("r3 = %d\n*(%s *)(%s %+d) = r3", p.IntN(9), kind, reg, off)
	default:
		p.add("r3 = *(%s *)(%s %+d)", kind, reg, off)
	}
}

func (p *writer) size() int { return one(p, 1, 2, 4, 8) }

// value puts the address of a map's value into r8.
func (p *writer) value(out string) (size int) {
	switch p.IntN(4) {
	case 0:
		p.add("r8 = map[one][0] + %d", 0)
		return 48
	case 1:
		p.add("*(u64 *)(r10 - 8) = %d\nr1 = map[hash]\nr2 = r10\nr2 += -8\ncall bpf_map_lookup_elem\nif r0 == 0 goto %s\nr8 = r0", p.IntN(3), out)
		return 16
	case 2:
		p.add("*(u32 *)(r10 - 4) = %d\nr1 = map[array]\nr2 = r10\nr2 += -4\ncall bpf_map_lookup_elem", p.near(3))
		if p.chance(5) {
			p.add("if r0 == 0 goto %s", out)
		}
		p.add("r8 = r0")
		return 64
	}
	name := one(p, "fixed", "shown")
	p.add("r8 = map[%s][0] + 0", name)
	return 16
}
