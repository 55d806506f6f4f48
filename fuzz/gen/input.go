package gen

import (
	"github.com/lockstep-ebpf/lockstep/vm"
	"github.com/lockstep-ebpf/lockstep/vm/hook"
)

// minPacket is the shortest packet, in bytes. Linux refuses less than an Ethernet
// header, and socket filters do not see that header.
const minPacket = 18

// addInputs draws the inputs.
func (g *Generator) addInputs() {
	if cap(g.inputs) < g.opt.Inputs {
		g.inputs = make([]vm.Input, g.opt.Inputs)
	}
	g.inputs = g.inputs[:g.opt.Inputs]
	for i := range g.inputs {
		in := &g.inputs[i]
		*in = vm.Input{Seed: uint64(g.src.Byte())}
		switch g.typ {
		case hook.Unspec:
			in.Memory = g.numbers(g.ctxSize)
		case hook.Syscall:
			in.Context = g.numbers(g.ctxSize)
		case hook.SchedCLS, hook.SocketFilter:
			in.Context = g.skb()
			in.Packet = g.packetBytes()
		case hook.XDP:
			in.Packet = g.packetBytes()
		}
	}
	g.c.Inputs = g.inputs
}

// numbers gives n bytes of numbers that favour the corners.
func (g *Generator) numbers(n int) []byte {
	b := g.bytes(n)
	for at := 0; at+8 <= n; at += 8 {
		g.opt.Order.Binary().PutUint64(b[at:], g.src.Int())
	}
	return b
}

// skbContextSize is the size of struct __sk_buff.
const skbContextSize = 192

// skb gives a context of the fields that a test run takes.
func (g *Generator) skb() []byte {
	b := g.bytes(skbContextSize)
	g.opt.Order.Binary().PutUint32(b[8:], uint32(g.src.Int32()))
	g.opt.Order.Binary().PutUint32(b[32:], uint32(g.src.Int32()))
	copy(b[48:68], g.numbers(24))
	return b
}

// packetBytes gives a packet: its first 32 bytes drawn, the rest a pattern.
func (g *Generator) packetBytes() []byte {
	n := minPacket + g.src.Below(64-minPacket)
	if b := g.src.Byte(); b >= 96 {
		n = 64 + int(b-96)/2
		if b >= 254 {
			n = 1500
		}
	}
	p := g.bytes(n)
	x := g.src.Bits(16) | 0x9e37_79b9_0000_0001
	for at := 0; at < n; at++ {
		if at&7 == 0 {
			x ^= x << 13
			x ^= x >> 7
			x ^= x << 17
			if at < 32 && at+8 <= n {
				x = g.src.Int()
			}
		}
		p[at] = byte(x >> (8 * (at & 7)))
		if at >= 32 && at&7 == 7 {
			x += 0x9e37_79b9_7f4a_7c15
		}
	}
	if n < 14+40 {
		p[12] |= 1 // no ethertype of IP: Linux refuses a packet too short for its header
	}
	return p
}
