package gen

import (
	"math/bits"

	"github.com/lockstep-ebpf/lockstep/spec"
	"github.com/lockstep-ebpf/lockstep/vm/hook"
)

// gather folds all that lives into the accumulator: registers, then the frame.
func (g *Generator) gather() {
	for set := g.st.scal &^ (1 << g.acc); set != 0; set &= set - 1 {
		r := uint8(bits.TrailingZeros16(set))
		if g.st.isHot(r) || g.src.Chance(64) {
			g.x64(spec.OpXOR, g.acc, r)
			g.stir(g.acc)
		}
	}
	g.st.hot = 0
	tmp := g.among(g.free() & 0x3f)
	read := 0
	for i := range g.frame.slots {
		off := g.frame.data + 8*i
		if !g.st.marked(off, 8) || read > 6 && !g.src.Chance(64) {
			continue
		}
		read++
		g.ldx(8, tmp, r10, off)
		g.x64(foldOps[i%len(foldOps)], g.acc, tmp)
		if i&1 != 0 {
			g.stir(g.acc)
		}
		g.st.set(tmp, value{kind: scalar})
		g.st.hot &^= 1 << tmp
	}
}

// epilogue ends a function: its value depends on everything that is alive.
func (g *Generator) epilogue() {
	g.gather()
	if g.level == 0 {
		g.publish()
		g.movX(0, g.acc)
		g.k64(spec.OpRSH, 0, 32) // the kernel shows 32 bits of r0
	} else {
		g.movK(0, 0)
	}
	g.x64(spec.OpXOR, 0, g.acc)
	g.emit(spec.Insn{Op: spec.EXIT})
}

// publish puts all 64 bits of the accumulator where an observer sees them.
func (g *Generator) publish() {
	switch {
	case g.bufferCtx():
		g.stx(8, g.ctx, g.acc, 8*g.src.Below(g.ctxSize/8))
	case g.features[withMaps]:
		g.stx(8, g.directAt(0, g.free()&0x3f), g.acc, 0)
	case g.typ == hook.SchedCLS || g.typ == hook.SocketFilter:
		g.stx(8, g.ctx, g.acc, 48)
	}
}
