package gen

import (
	"github.com/lockstep-ebpf/lockstep/spec"
	"github.com/lockstep-ebpf/lockstep/vm"
	"github.com/lockstep-ebpf/lockstep/vm/hook"
)

// blindHelper calls a helper whose result differs from machine to machine, and
// makes 0 of the result.
func (g *Generator) blindHelper() {
	off := g.run(1)
	which := g.src.Byte()
	if which >= 200 {
		g.emit(spec.Insn{Op: spec.STDW, Dst: r10, Off: int16(off), Imm: 'x' | '%'<<8 | 'x'<<16})
		g.st.mark(off, 8)
	}
	g.vacate(0)
	switch {
	case which < 66:
		g.helper(vm.HelperKtime)
	case which < 133:
		g.helper(vm.HelperPrandom)
	case which < 200:
		g.helper(vm.HelperProcessorID)
	default:
		g.pointTo(1, off)
		g.movK(2, 4)
		g.movX(3, g.acc)
		g.helper(vm.HelperTracePrintk)
	}
	g.st.clobber()
	switch g.src.Below(4) {
	case 0:
		g.k64(spec.OpAND, 0, 0)
	case 1:
		g.x64(spec.OpXOR, 0, 0)
	case 2:
		g.x64(spec.OpSUB, 0, 0)
	default:
		g.k64(spec.OpMUL, 0, 0)
	}
	g.st.set(0, value{kind: scalar})
}

// tailCall ends the main function by trying another program: the accumulator is
// left in a map first, because registers and stack do not come along.
func (g *Generator) tailCall() {
	g.gather()
	g.stx(8, g.directAt(0, 0x3f), g.acc, 0)
	g.vacate(0)
	if g.src.Chance(200) {
		g.movK(3, int32(g.src.Below(progEntries+1)))
	} else {
		g.bounded(3, 3, 0)
	}
	g.lddw(2, spec.LDDWMapFD, int32(g.fds[mapProg]), 0)
	g.movX(1, g.ctx)
	g.helper(vm.HelperTailCall)
	g.st.clobber()
	g.st.dropFragile()
}

// hasAbs reports whether the program type has LD_ABS.
func (g *Generator) hasAbs() bool { return hook.Lookup(g.typ).LDAbs }
