package kernelcmp

import (
	"bytes"
	"encoding/binary"
	"flag"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/lockstep-ebpf/lockstep/host/object"
	"github.com/lockstep-ebpf/lockstep/spec"
	"github.com/lockstep-ebpf/lockstep/spec/asm"
	"github.com/lockstep-ebpf/lockstep/vm"
	"github.com/lockstep-ebpf/lockstep/vm/hook"
	"github.com/lockstep-ebpf/lockstep/vm/maps"
)

var mapPrograms = flag.Int("mapprograms", 32, "random programs for each map type")

// The programs of this test call map helpers at random, on map[m], and store what
// each call gave in map[out], an array of one element that r9 points to. Outcomes
// show both maps.

// caller writes a program.
type caller struct {
	r     *rand.Rand
	s     *maps.Spec
	text  strings.Builder
	calls int
}

func (c *caller) line(format string, a ...any) { fmt.Fprintf(&c.text, format+"\n", a...) }

const (
	keyAt   = 48 // below r10
	valueAt = 96
	slots   = 64
)

// put writes bytes to the stack.
func (c *caller) put(at int, b []byte) {
	b = append([]byte(nil), b...)
	for len(b)%4 != 0 {
		b = append(b, 0)
	}
	for i := 0; i < len(b); i += 4 {
		c.line("*(u32 *)(r10 - %d) = %d", at-i, int32(binary.NativeEndian.Uint32(b[i:])))
	}
}

func (c *caller) point(reg, at int) {
	c.line("r%d = r10", reg)
	c.line("r%d += -%d", reg, at)
}

func (c *caller) key() {
	var key []byte
	i := c.r.Uint32N(c.s.MaxEntries + 2)
	if c.s.MaxEntries > 100 {
		i = c.r.Uint32N(8)
	}
	switch c.s.Type {
	case maps.LPMTrie:
		key = u32(c.r.Uint32N(c.s.KeySize*8 - 30))
		for range c.s.KeySize - 4 {
			key = append(key, byte(c.r.Uint32())&0x88)
		}
	default:
		key = u32(i)
		for len(key) < int(c.s.KeySize) {
			key = append(key, byte(i))
		}
	}
	c.put(keyAt, key)
	c.point(2, keyAt)
}

func (c *caller) value(reg int) {
	v := make([]byte, c.s.ValueSize)
	for i := range v {
		v[i] = byte(c.r.Uint32())
	}
	if c.s.Type == maps.BloomFilter {
		clear(v)
		v[0] = byte(c.r.Uint32N(40))
	}
	c.put(valueAt, v)
	c.point(reg, valueAt)
}

// result stores a register.
func (c *caller) result(reg int) {
	c.line("*(u64 *)(r9 + %d) = r%d", c.calls%slots*8, reg)
	c.calls++
}

func (c *caller) scalar(name string) {
	c.line("call %s", name)
	c.result(0)
}

// pointer calls something that gives the address of a value, reads it and perhaps
// writes it.
func (c *caller) pointer(name string) {
	c.line("call %s", name)
	c.deref()
}

func (c *caller) deref() {
	c.line("r7 = -1")
	c.line("if r0 == 0 goto L%d", c.calls)
	c.line("r7 = *(u32 *)(r0 + 0)")
	if c.r.IntN(2) == 0 && c.s.Type != maps.DevMap && c.s.Type != maps.DevMapHash {
		c.line("*(u32 *)(r0 + 0) = %d", c.r.Int32())
	}
	c.line("L%d:", c.calls)
	c.result(7)
}

func (c *caller) flags(reg int, usual ...uint32) {
	f := c.r.Uint32N(8)
	if c.r.IntN(6) != 0 {
		f = usual[c.r.IntN(len(usual))]
	}
	c.line("r%d = %d", reg, f)
}

func (c *caller) call() {
	c.line("r1 = map[m]")
	switch c.s.Type {
	case maps.Queue, maps.Stack:
		switch c.r.IntN(5) {
		case 0, 1, 2:
			c.value(2)
			c.flags(3, 0, 0, 2)
			c.scalar("bpf_map_push_elem")
		case 3:
			c.list("bpf_map_pop_elem")
		case 4:
			c.list("bpf_map_peek_elem")
		}
	case maps.BloomFilter:
		c.value(2)
		if c.r.IntN(3) == 0 {
			c.flags(3, 0)
			c.scalar("bpf_map_push_elem")
			return
		}
		c.scalar("bpf_map_peek_elem")
	case maps.RingBuf:
		c.ring()
	case maps.PerfEventArray:
		c.line("r2 = r1")
		c.line("r1 = r6")
		c.line("r3 = %#x ll", []uint64{0xffff_ffff, 0, 1, 2, 9, 1 << 60, 5<<32 | 0xffff_ffff, 500 << 32, 64 << 32}[c.r.IntN(9)])
		c.put(valueAt, u64(c.r.Uint64()))
		c.put(valueAt-8, u64(c.r.Uint64()))
		c.point(4, valueAt)
		c.line("r5 = %d", 1+c.r.IntN(16))
		c.scalar("bpf_perf_event_output")
	case maps.ArrayOfMaps, maps.HashOfMaps:
		c.key()
		c.line("call bpf_map_lookup_elem")
		c.line("r7 = -2")
		c.line("if r0 == 0 goto X%d", c.calls)
		c.line("r1 = r0")
		c.put(keyAt, u32(c.r.Uint32N(3)))
		c.point(2, keyAt)
		n := c.calls
		c.pointer("bpf_map_lookup_elem")
		c.line("X%d:", n)
		c.result(7)
	case maps.DevMap, maps.DevMapHash, maps.CPUMap, maps.XSKMap:
		if c.s.Type != maps.XSKMap && c.s.Type != maps.CPUMap && c.r.IntN(2) == 0 {
			c.key()
			c.pointer("bpf_map_lookup_elem")
			return
		}
		c.line("r2 = %d", c.r.Uint32N(c.s.MaxEntries+2))
		c.line("r3 = %d", []int{0, 1, 2, 3, 8, 24, 64, 9}[c.r.IntN(8)])
		c.scalar("bpf_redirect_map")
	default:
		c.element()
	}
}

// list reads the first value of a queue or stack into fresh bytes of the stack.
func (c *caller) list(name string) {
	c.point(2, valueAt)
	c.line("call %s", name)
	c.result(0)
	c.line("r7 = *(u32 *)(r10 - %d)", valueAt)
	c.result(7)
}

func (c *caller) element() {
	switch n := c.r.IntN(10); {
	case n < 4:
		c.key()
		c.value(3)
		c.flags(4, 0, 0, 1, 2)
		c.scalar("bpf_map_update_elem")
	case n < 5:
		c.key()
		c.scalar("bpf_map_delete_elem")
	case n < 7 && c.s.Type.PerCPU():
		c.key()
		c.line("r3 = %d", []uint32{0, 1, 1, cpus(), 1 << 20}[c.r.IntN(5)])
		c.pointer("bpf_map_lookup_percpu_elem")
	default:
		c.key()
		c.pointer("bpf_map_lookup_elem")
	}
}

func (c *caller) ring() {
	switch c.r.IntN(4) {
	case 0, 1:
		size := 8 + c.r.IntN(1500)
		c.line("r2 = %d", size)
		c.line("r3 = %d", []int{0, 0, 0, 0, 1}[c.r.IntN(5)])
		c.line("call bpf_ringbuf_reserve")
		c.line("r7 = 0")
		c.line("if r0 == 0 goto L%d", c.calls)
		c.line("r7 = 1")
		c.line("*(u64 *)(r0 + %d) = %d", 8*c.r.IntN(size/8), c.r.Int32())
		c.line("r1 = r0")
		c.line("r2 = %d", c.r.IntN(3))
		c.line("call bpf_ringbuf_%s", []string{"submit", "discard"}[c.r.IntN(2)])
		c.line("L%d:", c.calls)
		c.result(7)
	case 2:
		c.put(valueAt, []byte{1, 2, 3, 4, 5, 6, 7, 8})
		c.point(2, valueAt)
		c.line("r3 = %d", 1+c.r.IntN(8))
		c.flags(4, 0, 1, 2)
		c.scalar("bpf_ringbuf_output")
	case 3:
		c.line("r2 = %d", c.r.IntN(5))
		c.scalar("bpf_ringbuf_query")
	}
}

// mapSpec draws a map with contents.
func mapSpec(r *rand.Rand, t maps.Type) (s *maps.Spec, others []*maps.Spec) {
	s = &maps.Spec{Name: "m", Type: t, KeySize: 4, ValueSize: []uint32{4, 8, 12, 20}[r.IntN(4)], MaxEntries: 1 + r.Uint32N(6)}
	add := func(key, value []byte) { s.Entries = append(s.Entries, maps.Entry{Key: key, Value: value}) }
	switch t {
	case maps.Hash, maps.PerCPUHash:
		s.KeySize = 4 + r.Uint32N(10)
		s.Flags = r.Uint32N(2) * maps.NoPrealloc
	case maps.LRUHash, maps.LRUPerCPUHash:
		s.MaxEntries = leastLRU
	case maps.LPMTrie:
		s.KeySize, s.Flags, s.MaxEntries = 5+r.Uint32N(3), maps.NoPrealloc, 20
	case maps.Queue, maps.Stack:
		s.KeySize = 0
	case maps.BloomFilter:
		s.KeySize, s.Flags, s.Extra, s.MaxEntries = 0, maps.ZeroSeed, r.Uint64N(16), 1+r.Uint32N(30)
	case maps.RingBuf:
		s.KeySize, s.ValueSize, s.MaxEntries = 0, 0, 4096
	case maps.PerfEventArray:
		s.ValueSize, s.MaxEntries = 4, 3
		add(u32(0), []byte{0, 0, 0, 0})
		add(u32(1), []byte{1, 0, 0, 0})
	case maps.ArrayOfMaps, maps.HashOfMaps:
		s.ValueSize, s.MaxEntries, s.Inner = 4, 4, &maps.Spec{Type: maps.Array, KeySize: 4, ValueSize: 8, MaxEntries: 2}
		for i := range uint32(2) {
			in := *s.Inner
			in.Name = fmt.Sprintf("inner%d", i)
			others = append(others, &in)
			add(u32(i+r.Uint32N(2)*2), []byte{byte(i), 0, 0, 0})
		}
	case maps.DevMap, maps.DevMapHash:
		s.ValueSize = 8
		add(u32(0), append(u32(1), u32(0)...))
	case maps.CPUMap:
		s.ValueSize = 4
		add(u32(0), u32(192))
	case maps.XSKMap:
		s.ValueSize = 4
	}
	if t.PerCPU() && r.IntN(2) == 0 {
		key := make([]byte, s.KeySize)
		add(key, make([]byte, s.ValueSize))
		s.Entries[0].Value[0] = 9
	}
	return s, others
}

// TestMapProgramsAgree runs programs that call map helpers on the kernel and our
// engines.
func TestMapProgramsAgree(t *testing.T) {
	k := kernel(t, Options{})
	t.Logf("-seed %d", *seed)
	for typ := range maps.Type(64) {
		if !typ.Simulated() || typ == maps.ProgArray || typ == maps.CgroupArray || typ == maps.StackTrace || typ == maps.SockMap || typ == maps.SockHash {
			continue // these have other tests, or no helper that is simulated, or entries that no test can fill by number
		}
		t.Run(typ.String(), func(t *testing.T) {
			n := *mapPrograms
			if typ == maps.ArrayOfMaps || typ == maps.HashOfMaps { // filling them waits for every CPU
				n = (n + 3) / 4
			}
			var cases []*vm.Case
			for n := range n {
				cases = append(cases, mapProgram(t, rand.New(rand.NewPCG(*seed, uint64(typ)<<32|uint64(n))), typ, n))
			}
			agree(t, k, cases)
		})
	}
}

func mapProgram(t *testing.T, r *rand.Rand, typ maps.Type, n int) *vm.Case {
	s, all := mapSpec(r, typ)
	all = append(all, s, &maps.Spec{Name: "out", Type: maps.Array, KeySize: 4, ValueSize: slots * 8, MaxEntries: 1})
	var names []string
	for _, m := range all {
		names = append(names, m.Name)
	}
	c := &caller{r: r, s: s}
	c.line("r6 = r1")
	c.line("*(u32 *)(r10 - 4) = 0")
	c.line("*(u64 *)(r10 - %d) = 0", valueAt)
	c.line("r1 = map[out]")
	c.point(2, 4)
	c.line("call bpf_map_lookup_elem")
	c.line("if r0 != 0 goto start")
	c.line("exit")
	c.line("start: r9 = r0")
	for range 25 {
		c.call()
	}
	c.line("r0 = 2")
	c.line("exit")
	text := c.text.String()
	for _, h := range []int32{25, 51, 87, 88, 89, 130, 131, 132, 133, 134, 195, 1, 2, 3} {
		name := vm.HelperByID(h).Name
		text = strings.ReplaceAll(text, "bpf_"+name+"\n", fmt.Sprintf("%d\n", h))
	}
	p, err := asm.Assemble(text, asm.Names{Maps: names})
	if err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	in := vm.Input{Packet: bytes.Repeat([]byte{1, 2, 3, 5}, 16)}
	return &vm.Case{
		Name:     fmt.Sprintf("%s %d", typ, n),
		Programs: []*vm.Program{{Type: hook.XDP, Order: hostOrder, Insns: p.Insns}},
		Maps:     all,
		Inputs:   []vm.Input{in, in},
	}
}

// TestNestedMapsAgree runs an object of clang's with maps in a map.
func TestNestedMapsAgree(t *testing.T) {
	k := kernel(t, Options{})
	file := map[spec.ByteOrder]string{spec.Little: "nested.o", spec.Big: "nested.be.o"}[hostOrder]
	o, err := object.Open("../host/object/testdata/" + file)
	if err != nil {
		t.Fatal(err)
	}
	var inputs []vm.Input
	for _, n := range []int{60, 61, 70, 100, 62} {
		inputs = append(inputs, vm.Input{Packet: make([]byte, n)})
	}
	c, err := o.Case("nested", inputs...)
	if err != nil {
		t.Fatal(err)
	}
	agree(t, k, []*vm.Case{c})
}
