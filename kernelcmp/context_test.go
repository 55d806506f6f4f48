package kernelcmp

import (
	"bytes"
	"encoding/binary"
	"maps"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lockstep-ebpf/lockstep/spec"
	"github.com/lockstep-ebpf/lockstep/vm"
	"github.com/lockstep-ebpf/lockstep/vm/hook"
	vmmaps "github.com/lockstep-ebpf/lockstep/vm/maps"
	"github.com/lockstep-ebpf/lockstep/vm/mem"
)

// ownFields are the fields where a kernel's test run has a value of its own that
// our machines do not have. doc.go lists them; a program that reads one cannot be
// compared. data, data_end and data_meta are pointers.
var ownFields = map[hook.Type][]string{
	hook.SocketFilter: {"ifindex", "protocol", "sk"},
	hook.SchedCLS:     {"data", "data_end", "data_meta", "ifindex", "pkt_type", "protocol", "sk", "wire_len"},
	hook.SchedACT:     {"data", "data_end", "data_meta", "ifindex", "pkt_type", "protocol", "sk", "wire_len"},
	hook.LWTIn:        {"data", "data_end", "ifindex", "protocol", "sk"},
	hook.LWTXmit:      {"data", "data_end", "ifindex", "protocol", "sk"},
	hook.XDP:          {"data", "data_end", "data_meta", "ingress_ifindex"},

	hook.CgroupSKBIngress: {"data", "data_end", "ifindex", "protocol", "sk"},
	hook.CgroupSKBEgress:  {"data", "data_end", "ifindex", "protocol", "sk"},
	hook.StreamVerdict:    {"cb", "data", "data_end", "sk"},
	hook.SKBVerdict:       {"cb", "data", "data_end", "sk"},
}

// Every other field that a program may read holds in the kernel what it holds in
// our machines.
func TestFieldsAtEntry(t *testing.T) {
	k := kernel(t, Options{})
	m := vm.NewWorldIn(mem.NewList()).NewMachine()
	for typ, own := range ownFields {
		in := vm.Input{Packet: bytes.Repeat([]byte{3}, 50)} // to a group address, of no known protocol
		if err := m.Setup(typ, &in); err != nil {
			t.Fatal(err)
		}
		differ := map[string]bool{}
		for _, f := range hook.Lookup(typ).Fields {
			if f.Size == 1 { // tstamp_type has no other load
				continue
			}
			for off := f.Off; off < f.Off+f.Size; off += 4 {
				want := uint64(binary.NativeEndian.Uint32(m.Mem.Bytes(uint32(m.R1)+off, 4)))
				size := uint8(spec.SizeW)
				if f.Size == 8 {
					want, size = binary.NativeEndian.Uint64(m.Mem.Bytes(uint32(m.R1)+off, 8)), spec.SizeDW
				}
				o := k.Run(showField(typ, size, int16(off), in))[0]
				if o.Kind != vm.Exit {
					t.Errorf("%s, %s: %s (%s)", typ, f.Name, o.Kind, o.Reason)
				} else if !bytes.Equal(o.Maps[0][0].Value, u64(want)) {
					differ[f.Name] = true
				}
				if f.Size == 8 {
					break
				}
			}
		}
		if diff := cmp.Diff(own, slices.Sorted(maps.Keys(differ))); diff != "" {
			t.Errorf("%s: fields that differ: %s", typ, diff)
		}
	}
}

// showField makes a program that stores a field in a map: not all types may return it.
func showField(typ hook.Type, size uint8, off int16, in vm.Input) *vm.Case {
	c := one(prog(typ, ldx(size, 3, 1, off), lddw(2, spec.LDDWMapValue, 0), stx(spec.SizeDW, 2, 3, 0), mov(0, 0), exit), in)
	c.Maps = []*vmmaps.Spec{{Name: "seen", Type: vmmaps.Array, KeySize: 4, ValueSize: 8, MaxEntries: 1}}
	return c
}

// skbTypes are those whose context an input can set.
var skbTypes = []hook.Type{hook.SocketFilter, hook.SchedCLS, hook.CgroupSKBIngress, hook.CgroupSKBEgress}

// A field that an input may set is what the program reads.
func TestFieldsGiven(t *testing.T) {
	k := kernel(t, Options{})
	for _, typ := range skbTypes {
		info := hook.Lookup(typ)
		for _, f := range skbGiven {
			if !slices.ContainsFunc(info.Fields, func(x hook.Field) bool { return x.Off == f.Off }) {
				continue
			}
			size, want := uint8(spec.SizeW), uint64(7)
			if f.Size == 8 {
				size, want = spec.SizeDW, 7<<32+9
			}
			if f.Off == skbIfindex {
				want = loopbackIfindex
			}
			ctx := make([]byte, info.Size)
			copy(ctx[f.Off:], u64(want)[:min(8, f.Size)])
			o := k.Run(showField(typ, size, int16(f.Off), vm.Input{Packet: make([]byte, 60), Context: ctx}))[0]
			if o.Kind != vm.Exit || !bytes.Equal(o.Maps[0][0].Value, u64(want)) {
				t.Errorf("%s, %s: %s (%s), maps %v, want %#x", typ, f.Name, o.Kind, o.Reason, o.Maps, want)
			}
		}
		// skb->protocol comes from the MAC header.
		for _, proto := range []uint16{0x0800, 0x86dd, 0x0806, 0x88b5} {
			ctx, packet := make([]byte, info.Size), make([]byte, 60)
			binary.BigEndian.PutUint16(ctx[hook.SkbProtocol:], proto)
			if typ == hook.SchedCLS {
				binary.BigEndian.PutUint16(packet[12:], proto)
			}
			in := vm.Input{Packet: packet, Context: ctx}
			o := k.Run(showField(typ, spec.SizeW, hook.SkbProtocol, in))[0]
			if want := uint64(field32(ctx, hook.SkbProtocol)); o.Kind != vm.Exit || !bytes.Equal(o.Maps[0][0].Value, u64(want)) {
				t.Errorf("%s, protocol %#x: %s (%s), maps %v, want %#x", typ, proto, o.Kind, o.Reason, o.Maps, want)
			}
		}
	}
}

// A field that a program may change comes back changed, where it comes back.
func TestFieldsShown(t *testing.T) {
	k := kernel(t, Options{})
	for _, typ := range skbTypes {
		for _, f := range hook.Lookup(typ).Fields {
			if f.Perm&mem.Write == 0 {
				continue
			}
			size, n := uint8(spec.SizeW), uint32(4)
			if f.Size == 8 {
				size, n = spec.SizeDW, 8
			}
			for off := f.Off; off < f.Off+f.Size; off += n {
				o := k.Run(one(prog(typ, st(size, 1, int16(off), 5), mov(0, 0), exit), vm.Input{Packet: make([]byte, 60)}))[0]
				if o.Kind != vm.Exit {
					t.Errorf("%s, %s: %s (%s)", typ, f.Name, o.Kind, o.Reason)
					continue
				}
				shown := slices.ContainsFunc(skbShown, func(x hook.Field) bool { return x.Name == f.Name })
				if got := o.Context.Data[off:][:n]; o.Context.Undef[off] == shown || shown && !bytes.Equal(got, u64(5)[:n]) {
					t.Errorf("%s, %s: %x after 5 was written, hidden %v", typ, f.Name, got, o.Context.Undef[off])
				}
			}
		}
	}
}

func TestSyscallContext(t *testing.T) {
	k := kernel(t, Options{})
	p := prog(hook.Syscall, ldx(spec.SizeDW, 0, 1, 8), st(spec.SizeW, 1, 4, 0x77), exit)
	in := append(u64(1), u64(0xf0f0_f0f0_f0f0_f0f0)...)
	o := exited(t, k.Run(one(p, vm.Input{Context: in}))[0])
	want := append(append(u32(uint32(1)), u32(0x77)...), in[8:]...)
	if o.R0 != 0xf0f0_f0f0_f0f0_f0f0 || !bytes.Equal(o.Context.Data, want) {
		t.Errorf("r0 = %#x, context %x, want %x", o.R0, o.Context.Data, want)
	}
	if in[4] != 0 {
		t.Error("the run wrote the case's own bytes")
	}
}

func TestSkbContext(t *testing.T) {
	k := kernel(t, Options{})
	ctx := make([]byte, 192)
	copy(ctx[8:], u32(0x1234))  // mark
	copy(ctx[48:], u32(0x5678)) // cb[0]
	p := prog(hook.SchedCLS,
		ldx(spec.SizeW, 0, 1, 8), ldx(spec.SizeW, 2, 1, 48), addx(0, 2),
		st(spec.SizeW, 1, 8, 0x42), st(spec.SizeW, 1, 64, 0x43), exit)
	o := exited(t, k.Run(one(p, vm.Input{Packet: make([]byte, 14), Context: ctx}))[0])
	if o.R0 != 0x1234+0x5678 {
		t.Errorf("r0 = %#x", o.R0)
	}
	for off, want := range map[int]uint32{8: 0x42, 48: 0x5678, 64: 0x43, 32: 0} {
		if got := field32(o.Context.Data, off); got != want || o.Context.Undef[off] {
			t.Errorf("context at %d: %#x (hidden %v), want %#x", off, got, o.Context.Undef[off], want)
		}
	}
	if !o.Context.Undef[hook.SkbData] || !o.Context.Undef[4] {
		t.Error("data and pkt_type are not what our machines have, so they must be hidden")
	}
}
