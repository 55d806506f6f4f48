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
		if g.st.isHot(r) || g.src.Chance(160) {
			g.absorb(r)
			if g.src.Chance(100) {
				g.stir(g.acc)
			}
		}
	}
	g.st.hot = 0
	tmp := g.among(g.free() & 0x3f)
	read := 0
	g.st.twin = true // what is in the frame may have been folded already
	for i := range g.frame.slots {
		off := g.frame.data + 8*i
		if !g.st.marked(off, 8) || read > 6 && !g.src.Chance(64) {
			continue
		}
		read++
		g.ldx(8, tmp, r10, off)
		g.absorb(tmp)
		g.st.set(tmp, value{kind: scalar})
		g.st.hot &^= 1 << tmp
	}
}

// epilogue ends a function: its value depends on everything that is alive.
func (g *Generator) epilogue() {
	g.gather()
	if g.level == 0 {
		g.publish()
	}
	g.movX(0, g.acc)
	if g.src.Coin() { // a test run of the kernel shows the lower half
		g.emit(spec.Insn{Op: spec.ClassALU64 | spec.OpEND, Dst: 0, Imm: 64})
	}
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
