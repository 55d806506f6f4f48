package kernelcmp

import (
	"encoding/binary"
	"flag"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/lockstep-ebpf/lockstep/spec"
	"github.com/lockstep-ebpf/lockstep/vm"
	"github.com/lockstep-ebpf/lockstep/vm/hook"
	"github.com/lockstep-ebpf/lockstep/vm/maps"
)

var helperPrograms = flag.Int("helperprograms", 150, "random programs for each kind of context whose helpers are compared")

// An argument of a call: a number, or what these stand for.
type (
	number  func(r *rand.Rand) int64
	context struct{}
	buffer  struct{ off int16 } // the stack at r10 + off
)

// one of some numbers.
func of(values ...int64) number {
	return func(r *rand.Rand) int64 { return values[r.IntN(len(values))] }
}

// from low to high.
func between(low, high int64) number {
	return func(r *rand.Rand) int64 { return low + r.Int64N(high-low+1) }
}

// some is any of several.
func some(choices ...number) number {
	return func(r *rand.Rand) int64 { return choices[r.IntN(len(choices))](r) }
}

var (
	anyWord = number(func(r *rand.Rand) int64 { return int64(int32(r.Uint32())) })
	sizes   = between(1, 32)
	offsets = some(between(0, 70), of(13, 14, 24, 40, 50, 60, 1000, 0xffff, 0x10000, 0x7fffffff, -0x80000000, -1))
	noFlags = of(0, 0, 0, 0, 1, 2, 4, 8)
	in, out = buffer{-64}, buffer{-32}
)

// helperCall is a helper with what it is called with.
type helperCall struct {
	id   int32
	args []any
}

var skbCalls = []helperCall{
	{9, []any{context{}, offsets, in, sizes, noFlags}},
	{26, []any{context{}, offsets, out, sizes}},
	{68, []any{context{}, offsets, out, sizes, of(0, 1, 1, 2)}},
	{10, []any{context{}, some(of(24), offsets), some(of(0), anyWord), anyWord, of(0, 2, 4, 3, 0x10)}},
	{11, []any{context{}, some(of(40), offsets), some(of(0), anyWord), anyWord, of(0, 2, 4, 0x10, 0x12, 0x14, 0x20, 0x24, 0x60, 0x64, 0x100, 5)}},
	{28, []any{in, of(4, 8, 12, 3, 20), out, of(4, 8, 16, 6, 24), some(of(0, -1), anyWord)}},
	{28, []any{in, of(4, 8), of(0), of(0), anyWord}},
	{28, []any{of(0), of(0), in, of(4, 8), anyWord}},
	{28, []any{of(0), of(0), of(0), of(0), anyWord}},
	{39, []any{context{}, of(0, 14, 34, 60, 64, 65, 300, 5000)}},
	{38, []any{context{}, of(0, 13, 14, 20, 40, 60, 64, 100, 400, 1514, 70000), of(0, 0, 0, 1)}},
	{43, []any{context{}, of(0, 1, 14, 20, 100, 300, -1), of(0, 0, 0, 1)}},
	{50, []any{context{}, some(between(-60, 100), of(0, 4000, 4096, -4096)), of(0, 1, 1, 2), some(of(0, 0, 0, 1, 2, 4, 6, 0x20, 0x42, 0x80, 0x100, 0x180, 0x200))}},
	{31, []any{context{}, of(0x0008, 0xdd86, 0), of(0, 0, 0, 1)}},
	{32, []any{context{}, of(0, 1, 2, 3, 4, -1)}},
	{18, []any{context{}, of(0x0081, 0xa888, 0), between(0, 0xffff)}},
	{19, []any{context{}}},
	{40, []any{context{}, anyWord}},
	{135, []any{context{}, of(0, 0, 1, 2, 3, 4)}},
	{13, []any{context{}, of(9999), of(0, 1, 2)}},
	{23, []any{of(1, 9999), of(0, 1, 2, 4, 1<<20)}},
	{155, []any{of(1, 9999), of(0, 0, 1)}},
	{152, []any{of(1), of(0), of(0), of(0, 0, 1)}},
	{152, []any{of(1), in, of(4, 20, 24), of(0, 0, 1)}},
	{21, []any{context{}, in, of(8, 22, 24, 28, 12), of(0, 1, 2, 0x1f, 0x20)}},
	{20, []any{context{}, out, of(8, 22, 24, 28, 12), of(0, 1, 0x10, 2)}},
	{30, []any{context{}, in, of(4, 8, 32, 6)}},
	{29, []any{context{}, out, of(4, 8, 32)}},
	{41, []any{context{}}},
	{48, []any{context{}, of(0, 77)}},
	{192, []any{context{}, of(0, 5), of(0, 1, 2)}},
	{69, []any{context{}, in, of(4, 64), of(0, 1<<10)}},
}

// socketCalls are those of types that may read the packet only.
var socketCalls = []helperCall{
	{26, []any{context{}, offsets, out, sizes}},
	{68, []any{context{}, offsets, out, sizes, of(1, 2)}},
}

// tunnelCalls are those of lightweight tunnels.
var tunnelCalls = []helperCall{
	{26, []any{context{}, offsets, out, sizes}},
	{39, []any{context{}, of(0, 14, 34, 46, 47, 300, 5000)}},
	{28, []any{in, of(4, 8, 12, 3, 20), out, of(4, 8, 16, 6, 24), some(of(0, -1), anyWord)}},
}

var xdpCalls = []helperCall{
	{44, []any{context{}, some(between(-60, 60), of(-216, -217, -212, 1000, -1000))}},
	{54, []any{context{}, some(of(-4, -8, -32, 4, 8, 0, -3, -252, -256, -400, 32))}},
	{65, []any{context{}, some(between(-60, 100), of(-3000, 3000, 3460, 3461, 3400))}},
	{188, []any{context{}}},
	{189, []any{context{}, offsets, out, sizes}},
	{190, []any{context{}, offsets, in, sizes}},
	{28, []any{in, of(4, 8, 12, 3, 20), out, of(4, 8, 16, 6, 24), anyWord}},
	{23, []any{of(1, 9999), of(0, 1, 2, 4, 1<<20)}},
	{69, []any{context{}, in, of(4, 64), of(0, 1<<10)}},
}

var traceCalls = []helperCall{
	{113, []any{out, sizes, in}},
	{113, []any{out, sizes, of(0)}},
	{115, []any{out, sizes, in}},
	{115, []any{out, sizes, of(0)}},
	{4, []any{out, sizes, in}},
	{45, []any{out, sizes, in}},
	{112, []any{out, sizes, of(0)}},
	{114, []any{out, sizes, of(0)}},
	{105, []any{in, sizes, of(0, 8, 10, 16, 7, 32), buffer{-72}}},
	{106, []any{in, sizes, of(0, 8, 10, 16, 7, 32), buffer{-72}}},
	{109, []any{of(0, 65, 1000)}},
	{123, []any{of(1000)}},
	{120, []any{of(1), of(1), out, of(8, 12)}},
}

// seen is the map that programs put their result into: not all types may return it.
var seen = []*maps.Spec{{Name: "seen", Type: maps.Array, KeySize: 4, ValueSize: 8 * 20, MaxEntries: 1}}

// calling makes a program of random calls, which stores all that they returned and wrote in the map. The text in the buffer is a number or words, so that parsers find some.
func calling(r *rand.Rand, typ hook.Type, calls []helperCall, fields []int16) *vm.Program {
	text := []byte([]string{"  -1234567 x", "0x7fz", "077 8", "99999999999999999999", "abc", "-0", "18446744073709551615", "-9223372036854775808", "0xg"}[r.IntN(9)])
	words := make([]byte, 64)
	copy(words, text)
	if r.IntN(2) == 0 {
		for i := range words {
			words[i] = byte(r.Uint32())
		}
		words[r.IntN(32)] = 0
	}
	parts := []any{movx(6, 1), mov(7, 0)}
	for i := 0; i < 64; i += 8 {
		parts = append(parts, lddw(1, 0, binary.NativeEndian.Uint64(words[i:])), stx(spec.SizeDW, 10, 1, int16(i-64)))
	}
	parts = append(parts, st(spec.SizeDW, 10, -72, 0))
	slot := uint64(0)
	keep := func() []spec.Insn { // r0 into the map
		slot += 8
		return append(lddw(1, spec.LDDWMapValue, (slot-8)<<32), stx(spec.SizeDW, 1, 0, 0))
	}
	grown := false
	for range 1 + r.IntN(5) {
		c := calls[r.IntN(len(calls))]
		if c.id == 38 && grown {
			// When Linux finds a larger place for a packet, a transport header that was never
			// set (0xffff) moves past 0 (skb_headers_offset_update), and bounds the tail.
			continue
		}
		grown = grown || c.id == 43 || c.id == 50
		for i, a := range c.args {
			reg := uint8(i + 1)
			switch a := a.(type) {
			case number:
				parts = append(parts, lddw(reg, 0, uint64(a(r))))
			case buffer:
				parts = append(parts, movx(reg, 10), add(reg, int32(a.off)))
			case context:
				parts = append(parts, movx(reg, 6))
			}
		}
		parts = append(parts, call(c.id))
		if h := vm.HelperByID(c.id); !h.Void {
			parts = append(parts, keep())
		}
	}
	for i := int16(-72); i < 0; i += 8 {
		parts = append(parts, ldx(spec.SizeDW, 0, 10, i), keep())
	}
	for _, off := range fields {
		parts = append(parts, ldx(spec.SizeW, 0, 6, off), keep())
	}
	return prog(typ, append(parts, mov(0, 0), exit)...)
}

// helperPackets are frames of several protocols, all to the address that the loopback
// device has.
func helperPackets() [][]byte {
	frame := func(proto uint16, n int, head ...byte) []byte {
		b := make([]byte, n)
		binary.BigEndian.PutUint16(b[12:], proto)
		copy(b[14:], head)
		for i := 14 + len(head); i < n; i++ {
			b[i] = byte(i * 7)
		}
		return b
	}
	ipv4 := []byte{0x45, 1, 0, 46, 0, 0, 0, 0, 64, 17, 0x12, 0x34, 10, 0, 0, 1, 10, 0, 0, 2}
	return [][]byte{
		frame(0x0800, 60, ipv4...),
		frame(0x86dd, 90, 0x60, 0x10, 0, 0, 0, 36, 17, 64),
		frame(0x8100, 64, append([]byte{0x20, 5, 8, 0}, ipv4...)...),
		frame(0x88b5, 14),
		frame(0x0806, 300),
	}
}

// TestHelpersAsLinux: what helpers return, write and make of the packet and the context is
// what the kernel's do, for random arguments.
func TestHelpersAsLinux(t *testing.T) {
	k := kernel(t, Options{})
	t.Logf("-seed %d", *seed)
	r := rand.New(rand.NewPCG(*seed, 9))
	state := []int16{hook.SkbLen, hook.SkbPktType, hook.SkbProtocol, hook.SkbVLANPresent, hook.SkbVLANTCI, hook.SkbVLANProto}
	for _, kind := range []struct {
		types  []hook.Type
		calls  []helperCall
		fields []int16
	}{
		{[]hook.Type{hook.SchedCLS, hook.SchedACT}, skbCalls, state},
		{[]hook.Type{hook.SocketFilter, hook.CgroupSKBEgress, hook.CgroupSKBIngress}, socketCalls, []int16{hook.SkbLen}},
		{[]hook.Type{hook.LWTIn, hook.LWTOut, hook.LWTXmit}, tunnelCalls, []int16{hook.SkbLen, hook.SkbProtocol}},
		{[]hook.Type{hook.XDP}, xdpCalls, nil},
		{[]hook.Type{hook.RawTracepoint}, traceCalls, nil},
	} {
		var cs []*vm.Case
		for n := range *helperPrograms {
			typ := kind.types[n%len(kind.types)]
			c := one(calling(r, typ, kind.calls, kind.fields))
			c.Maps = seen
			c.Name = fmt.Sprintf("%s %d", typ, n)
			c.Inputs = nil
			for _, p := range helperPackets() {
				c.Inputs = append(c.Inputs, helperInput(typ, p))
			}
			cs = append(cs, c)
		}
		agree(t, k, cs)
	}
}

// helperInput gives a packet to a type. What has no MAC header is told the protocol.
func helperInput(typ hook.Type, p []byte) vm.Input {
	info := hook.Lookup(typ)
	in := vm.Input{Packet: p}
	if info.Context != hook.SkBuff {
		return in
	}
	in.Context = make([]byte, info.Size)
	copy(in.Context[hook.SkbProtocol:], p[12:14])
	if !info.MAC {
		in.Packet = append(p[14:len(p):len(p)], 1)
	}
	return in
}
