package gen

import (
	"github.com/lockstep-ebpf/lockstep/spec"
)

var relations = [...]uint8{
	spec.OpJEQ, spec.OpJNE, spec.OpJGT, spec.OpJGE, spec.OpJLT, spec.OpJLE,
	spec.OpJSGT, spec.OpJSGE, spec.OpJSLT, spec.OpJSLE, spec.OpJSET,
}

// condition emits a conditional jump on scalars, to be patched.
func (g *Generator) condition() int {
	b := g.src.Byte()
	i := spec.Insn{Op: spec.ClassJMP | relations[g.src.Below(len(relations))], Dst: g.judged()}
	if b&1 != 0 {
		i.Op = i.Op&^7 | spec.ClassJMP32
	}
	if b&2 != 0 {
		i.Op |= spec.SrcX
		i.Src = g.judged()
	} else {
		i.Imm = g.src.Int32()
	}
	return g.emit(i)
}

// judged picks a scalar to compare, seldom one that counts rounds: Linux also
// follows paths that cannot be, and there a comparison may leave it with a number
// of rounds that does not end.
func (g *Generator) judged() uint8 {
	if g.src.Chance(8) {
		return g.operand()
	}
	return g.among(g.st.scal &^ g.counts)
}

// Shapes of a branch.
const (
	ifOnly  = 128 // if (c) {A}
	ifElse  = 236 // if (c) {A} else {B}
	ifLeave = 256 // if (c) {A; exit}
)

// branch emits a conditional with one or two arms.
func (g *Generator) branch() {
	shape := int(g.src.Byte())
	g.arms(g.condition(), shape, func() { g.block(g.src.Between(1, 9)) })
}

// arms emits what follows a conditional jump at pc: an arm for the fall-through
// and, by shape, one for the jump. Scalars stay scalars in both.
func (g *Generator) arms(pc, shape int, arm func()) {
	before, scal := g.st, g.st.scal
	g.nesting++
	arm()
	second := -1
	if g.src.Chance(24) && !g.full() { // another way to the same place
		second = g.condition()
		before.meet(&g.st)
		g.block(g.src.Between(1, 4))
	}
	leave := func() {
		g.patch(pc)
		if second >= 0 {
			g.patch(second)
		}
	}
	switch {
	case shape < ifOnly:
		g.repair(scal)
		leave()
		g.st.meet(&before)
	case shape < ifElse || g.nesting > 2:
		g.repair(scal)
		end := g.jump()
		leave()
		after := g.st
		g.st = before
		g.block(g.src.Between(1, 7))
		g.repair(scal)
		g.patch(end)
		g.st.meet(&after)
	default:
		g.finish()
		leave()
		g.st = before
	}
	g.nesting--
}

// repair makes scalars again of the registers in set, so that all paths agree, and
// saves what will be forgotten where they join.
func (g *Generator) repair(set uint16) {
	for hot := g.st.hot & g.free() &^ set; hot != 0; hot &= hot - 1 {
		r := g.among(hot & -hot)
		g.absorb(r)
		g.st.hot &^= 1 << r
	}
	for set &^= g.st.scal; set != 0; set &= set - 1 {
		r := g.among(set & -set)
		g.movX(r, g.acc)
		g.st.set(r, value{kind: scalar})
		g.st.hot &^= 1 << r
	}
}
