package kernelcmp

import (
	"bytes"
	"testing"

	"github.com/lockstep-ebpf/lockstep/spec"
	"github.com/lockstep-ebpf/lockstep/vm"
	"github.com/lockstep-ebpf/lockstep/vm/hook"
)

func TestXDPWritesPacket(t *testing.T) {
	k := kernel(t, Options{})
	p := assemble(t, hook.XDP, `
		r2 = *(u32 *)(r1 + 0)
		r3 = *(u32 *)(r1 + 4)
		r4 = r2
		r4 += 14
		r0 = 1
		if r4 > r3 goto out
		*(u8 *)(r2 + 13) = 0x5a
		r0 = 2
		out: exit`)
	packet := bytes.Repeat([]byte{1}, 60)
	want := bytes.Clone(packet)
	want[13] = 0x5a
	o := exited(t, k.Run(one(p, vm.Input{Packet: packet}))[0])
	if !bytes.Equal(o.Packet.Data, want) || o.R0 != 2 {
		t.Errorf("r0 = %d, packet = %x, want 2, %x", o.R0, o.Packet.Data, want)
	}
}

func TestPacketAsSeen(t *testing.T) {
	k := kernel(t, Options{})
	packet := make([]byte, 40)
	for i := range packet {
		packet[i] = byte(i * 7)
	}
	sum := func(b []byte) (n uint64) {
		for _, x := range b {
			n = n*31 + uint64(x)
		}
		return n
	}
	for _, typ := range []hook.Type{hook.SocketFilter, hook.SchedCLS} {
		// Through LD_ABS, byte by byte; r7 = r7*31 + byte.
		parts := []any{movx(6, 1), mov(7, 0)}
		for i := range packet {
			parts = append(parts, spec.Insn{Op: spec.ClassLD | spec.ModeABS | spec.SizeB, Imm: int32(i)},
				spec.Insn{Op: spec.ClassALU64 | spec.OpMUL, Dst: 7, Imm: 31}, addx(7, 0))
		}
		o := exited(t, k.Run(one(prog(typ, append(parts, movx(0, 7), exit)...), vm.Input{Packet: packet}))[0])
		if o.R0 != sum(packet) {
			t.Errorf("%s: hash of the packet %#x, want %#x", typ, o.R0, sum(packet))
		}
		if !bytes.Equal(o.Packet.Data, packet) {
			t.Errorf("%s: packet after the run %x, want %x", typ, o.Packet.Data, packet)
		}
		o = exited(t, k.Run(one(prog(typ, ldx(spec.SizeW, 0, 1, hook.SkbLen), exit), vm.Input{Packet: packet}))[0])
		if o.R0 != uint64(len(packet)) {
			t.Errorf("%s: skb->len = %d, want %d", typ, o.R0, len(packet))
		}
	}
}

func TestLDAbsBeyondPacket(t *testing.T) {
	k := kernel(t, Options{})
	p := prog(hook.SocketFilter, movx(6, 1), spec.Insn{Op: spec.ClassLD | spec.ModeABS | spec.SizeW, Imm: 62}, mov(0, -1), exit)
	for n, want := range map[int]uint64{64: 0, 65: 0, 66: ^uint64(0)} {
		if o := exited(t, k.Run(one(p, vm.Input{Packet: make([]byte, n)}))[0]); o.R0 != want {
			t.Errorf("packet of %d bytes: r0 = %#x, want %#x", n, o.R0, want)
		}
	}
}

func TestLargestPackets(t *testing.T) {
	k := kernel(t, Options{})
	for typ, n := range map[hook.Type]int{hook.SchedCLS: maxSkb, hook.XDP: maxXDP, hook.SocketFilter: maxSkb - etherHeader} {
		packet := make([]byte, n)
		packet[n-1] = 0x99
		data, end := int16(hook.SkbData), int16(hook.SkbDataEnd)
		if typ == hook.XDP {
			data, end = hook.XdpData, hook.XdpDataEnd
		}
		p := prog(typ, ldx(spec.SizeW, 2, 1, data), ldx(spec.SizeW, 3, 1, end), mov(0, 0),
			movx(4, 2), add(4, int32(n)), jmpx(spec.OpJGT, 4, 3, 1), ldx(spec.SizeB, 0, 4, -1), exit)
		if typ == hook.SocketFilter {
			p = prog(typ, movx(6, 1), spec.Insn{Op: spec.ClassLD | spec.ModeABS | spec.SizeB, Imm: int32(n - 1)}, exit)
		}
		o := exited(t, k.Run(one(p, vm.Input{Packet: packet}))[0])
		if o.R0 != 0x99 || !bytes.Equal(o.Packet.Data, packet) {
			t.Errorf("%s: last of %d bytes = %#x, %d bytes back", typ, n, o.R0, len(o.Packet.Data))
		}
	}
}
