package gen

import (
	"github.com/lockstep-ebpf/lockstep/spec"
	"github.com/lockstep-ebpf/lockstep/vm/hook"
)

// bufferCtx reports whether the context is at hand and is bytes of our choosing.
func (g *Generator) bufferCtx() bool {
	return g.ctx != none && (g.typ == hook.Syscall || g.typ == hook.Unspec)
}

func (g *Generator) skbCtx() bool {
	return g.ctx != none && (g.typ == hook.SchedCLS || g.typ == hook.SocketFilter)
}

// Fields of struct __sk_buff that a test run takes from its caller, so that they
// are equal everywhere: mark, priority, cb, and the length of the packet.
var skbReads = [...]struct{ off, size int }{{48, 20}, {8, 4}, {32, 4}, {48, 20}, {0, 4}}

// contextField picks a part of the context: where and how many bytes.
func (g *Generator) contextField(write bool) (off, size int, ok bool) {
	switch {
	case g.bufferCtx():
		size = 8 >> g.src.Below(4)
		return size * g.src.Below(g.ctxSize/size), size, true
	case g.skbCtx():
		field := skbReads[g.src.Below(len(skbReads))]
		if write && (field.off == 0 || field.off != 48 && g.typ == hook.SocketFilter) {
			field = skbReads[0]
		}
		switch {
		case field.size > 4:
			size = 8 >> g.src.Below(4)
		case write:
			size = 4
		default:
			size = 4 >> g.src.Below(3)
		}
		return field.off + size*g.src.Below(field.size/size), size, true
	}
	return 0, 0, false
}

// contextAccess reads or writes a field of the context.
func (g *Generator) contextAccess() bool {
	b := g.src.Byte()
	off, size, ok := g.contextField(b >= 144)
	switch {
	case !ok:
		return false
	case b < 144:
		g.load(g.target(), g.ctx, off, size, b&1 != 0)
	case b < 208, !g.opt.Release.has(6, 4): // before, a context took no constants
		g.stx(size, g.ctx, g.operand(), off)
	default:
		g.emit(spec.Insn{Op: spec.ClassST | spec.ModeMEM | sizeBits(size), Dst: g.ctx, Off: int16(off), Imm: g.src.Int32()})
	}
	return true
}

// load emits a load, with sign extension if asked for and possible.
func (g *Generator) load(d, s uint8, off, size int, signed bool) {
	i := spec.Insn{Op: spec.ClassLDX | spec.ModeMEM | sizeBits(size), Dst: d, Src: s, Off: int16(off)}
	if signed && size < 8 {
		i.Op = spec.ClassLDX | spec.ModeMEMSX | sizeBits(size)
	}
	g.emit(i)
	g.st.set(d, value{kind: scalar})
}

// unknown loads something that no verifier can know.
func (g *Generator) unknown(r uint8) {
	if off, size, ok := g.contextField(false); ok {
		g.load(r, g.ctx, off, size, g.src.Chance(64))
		return
	}
	if p := g.pointer(8); p != none {
		v := &g.st.regs[p]
		off, size := g.place(v, 8, false)
		g.load(r, p, off, size, false)
		return
	}
	if g.features[withMaps] {
		p := g.directAt(0, 1<<r)
		g.load(r, p, 8*g.src.Below(directSize/8), 8, false)
		return
	}
	g.movX(r, g.acc)
	g.st.set(r, value{kind: scalar})
}

// origins starts the main function: the accumulator and a few registers get
// values, most of them unknown to a verifier.
func (g *Generator) origins() {
	switch {
	case g.bufferCtx():
		g.ldx(8, g.acc, g.ctx, 8*g.src.Below(g.ctxSize/8))
	case g.skbCtx():
		g.ldx(8, g.acc, g.ctx, 48+8*g.src.Below(2))
	default:
		g.packetOrigin()
	}
	g.st.set(g.acc, value{kind: scalar})
	g.st.hot = 0
	for range g.src.Between(2, 5) {
		if r := g.target(); g.src.Chance(70) {
			g.constant(r)
		} else {
			g.unknown(r)
		}
	}
}

// packetOrigin reads the accumulator from the first bytes of the packet, which
// are there in every input; a verifier wants to see that checked.
func (g *Generator) packetOrigin() {
	const sure = 14
	g.ldx(4, 2, g.ctx, 0)
	g.ldx(4, 3, g.ctx, 4)
	g.movX(4, 2)
	g.k64(spec.OpADD, 4, sure)
	ok := g.emit(spec.Insn{Op: spec.ClassJMP | spec.OpJLE | spec.SrcX, Dst: 4, Src: 3})
	g.movK(0, 1)
	g.emit(spec.Insn{Op: spec.EXIT})
	g.patch(ok)
	there := value{kind: memPtr, trait: rigid, align: packetAlign, phase: packetPhase, hi: sure}
	g.st.set(2, there)
	off, size := g.place(&there, 8, false)
	g.ldx(size, g.acc, 2, off)
}
