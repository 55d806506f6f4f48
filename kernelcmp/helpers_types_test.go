package kernelcmp

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/lockstep-ebpf/lockstep/spec"
	"github.com/lockstep-ebpf/lockstep/vm"
	"github.com/lockstep-ebpf/lockstep/vm/hook"
	"github.com/lockstep-ebpf/lockstep/vm/maps"
)

// TestFlowDissector: what a flow dissector finds in its keys and leaves there is what the
// kernel has, offsets brought into the packet.
func TestFlowDissector(t *testing.T) {
	k := kernel(t, Options{})
	var cs []*vm.Case
	for _, offsets := range [][2]int32{{14, 34}, {0, 0}, {20, 18}, {5000, 6000}, {15, 14}} {
		p := prog(hook.FlowDissector,
			ldx(spec.SizeDW, 6, 1, hook.SkbFlowKeys), ldx(spec.SizeH, 0, 6, 0), ldx(spec.SizeH, 2, 6, 2), ldx(spec.SizeH, 3, 6, 10),
			lddw(1, spec.LDDWMapValue, 0), stx(spec.SizeDW, 1, 0, 0), stx(spec.SizeDW, 1, 2, 8), stx(spec.SizeDW, 1, 3, 16),
			st(spec.SizeH, 6, 0, offsets[0]), st(spec.SizeH, 6, 2, offsets[1]), st(spec.SizeB, 6, 9, 17), st(spec.SizeW, 6, 16, 0x0a000001),
			mov(0, 0), exit)
		c := one(p)
		c.Name, c.Maps, c.Inputs = fmt.Sprint(offsets), seen, nil
		for _, b := range helperPackets() {
			if len(b) > etherHeader {
				c.Inputs = append(c.Inputs, vm.Input{Packet: b})
			}
		}
		cs = append(cs, c)
	}
	agree(t, k, cs)
}

// TestSocketLookup: a sk_lookup program reads of its context what the input gives.
func TestSocketLookup(t *testing.T) {
	k := kernel(t, Options{})
	info := hook.Lookup(hook.SKLookup)
	ctx := make([]byte, info.Size)
	for i := range ctx[8:] {
		ctx[8+i] = byte(i + 1)
	}
	for off, v := range map[int]uint32{8: 2, 12: 6, 64: 0} { // AF_INET, TCP; the kernel wants no ingress_ifindex
		binary.NativeEndian.PutUint32(ctx[off:], v)
	}
	copy(ctx[36:], []byte{0, 80, 0, 0})
	clear(ctx[68:])
	binary.NativeEndian.PutUint32(ctx[60:], 8080)
	parts := []any{lddw(2, spec.LDDWMapValue, 0)}
	slot := int16(0)
	for _, f := range info.Fields[1:] {
		for off := f.Off; off < f.Off+f.Size; off += 4 {
			parts = append(parts, ldx(spec.SizeW, 3, 1, int16(off)), stx(spec.SizeDW, 2, 3, slot))
			slot += 8
		}
	}
	c := one(prog(hook.SKLookup, append(parts, mov(0, 1), exit)...), vm.Input{Context: ctx})
	c.Maps = seen
	agree(t, k, []*vm.Case{c})
}

// formats are what bpf_snprintf is tried with, each with up to three arguments.
// Not %p, which a kernel hashes with a key of its own.
var formats = []string{
	"plain", "%d %i %u", "%x %X %llx", "%5d|%-5d|%05d", "%ld %lu %lx", "%lld %llu %llx", "100%%", "%c%c%c", "%+d % d", "%s",
	"%q", "%", "%d %d %d %d", "%lc", "%10x|%-10x|", "\x01", "%hd", "%lld %d", "a\tb\n", "%5%",
}

// TestText: bpf_snprintf and bpf_strncmp with texts that the kernel knows to be constant.
func TestText(t *testing.T) {
	k := kernel(t, Options{})
	t.Logf("-seed %d", *seed)
	r := rand.New(rand.NewPCG(*seed, 11))
	var cs []*vm.Case
	for i, f := range formats {
		constant := &maps.Spec{
			Name: "text", Type: maps.Array, KeySize: 4, ValueSize: 16, MaxEntries: 1, Flags: maps.ReadOnly, Frozen: true,
			Entries: []maps.Entry{{Key: make([]byte, 4), Value: append([]byte(f), make([]byte, 16-len(f))...)}},
		}
		parts := []any{}
		for n := range 3 {
			v := r.Uint64() >> r.IntN(64)
			if f == "%s" {
				v = 0
			}
			parts = append(parts, lddw(1, 0, v), stx(spec.SizeDW, 10, 1, int16(-24+8*n)))
		}
		for off := int16(-64); off < -24; off += 8 {
			parts = append(parts, st(spec.SizeDW, 10, off, 0x61626364))
		}
		for n, size := range []int32{40, 5, 1} { // with room, cut, nothing but the NUL
			parts = append(parts, movx(1, 10), add(1, -64), mov(2, size), lddw(3, spec.LDDWMapValue, 1), movx(4, 10), add(4, -24), mov(5, 24),
				call(165), lddw(1, spec.LDDWMapValue, 0), stx(spec.SizeDW, 1, 0, int16(n*48)))
			for off := int16(0); off < 40; off += 8 {
				parts = append(parts, ldx(spec.SizeDW, 2, 10, -64+off), stx(spec.SizeDW, 1, 2, int16(n*48)+8+off))
			}
		}
		parts = append(parts, movx(1, 10), add(1, -64), mov(2, 1+r.Int32N(20)), lddw(3, spec.LDDWMapValue, 1), call(182),
			lddw(1, spec.LDDWMapValue, 0), stx(spec.SizeDW, 1, 0, 144), mov(0, 0), exit)
		c := one(prog(hook.RawTracepoint, parts...))
		c.Name, c.Maps = fmt.Sprintf("format %d, %q", i, f), []*maps.Spec{seen[0], constant}
		cs = append(cs, c)
	}
	// The verifier judges formats too: what it refuses has no result.
	var taken []*vm.Case
	for i, v := range k.Verify(cs) {
		if v.Accepted() {
			taken = append(taken, cs[i])
		}
	}
	if len(taken) < 12 {
		t.Errorf("the kernel takes %d of %d formats", len(taken), len(cs))
	}
	agree(t, k, taken)
}
