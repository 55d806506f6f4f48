package gen

import (
	"github.com/lockstep-ebpf/lockstep/spec"
)

// Kinds of loop.
const (
	loopUp      = 104 // for c = a; c < b; c += s, tested at the bottom
	loopDown    = 160 // for c = n; c != 0; c--, tested at the bottom
	loopData    = 208 // the same, n from data, tested at the top
	loopMayGoto = 256 // the same with may_goto, whose own budget is never reached
)

// maxRounds bounds the rounds of nested loops that Linux follows one by one: they
// multiply, and so do the paths through them.
const maxRounds = 8

// loop emits a loop. It reports false where there is no room for one.
func (g *Generator) loop() bool {
	const body = 8
	left := (g.budget - g.spent) / (g.weight * (body + 4))
	if left < 2 || g.nesting > 3 || g.weight > 64 {
		return false
	}
	if g.rounds > maxRounds/2 {
		return false
	}
	c, slot := g.counter()
	if c == none && slot < 0 {
		return false
	}
	trips := 2 + g.src.Below(min(left-1, 4))
	if g.src.Chance(12) {
		trips = 2 + g.src.Below(min(left-1, 30))
	}
	kind := int(g.src.Byte())
	if kind >= loopData && !g.opt.Release.has(6, 9) { // may_goto
		kind = loopDown
	}
	if c == none && kind >= loopDown {
		kind = 0
	}
	g.nesting++
	g.looped = true
	if g.rounds > 1 {
		kind %= loopDown
		trips = 2
	}
	weight, locked, rounds := g.weight, g.locked, g.rounds
	if c != none {
		g.locked |= 1 << c
		g.counts |= 1 << c
	}
	if kind < loopData {
		g.rounds = max(1, g.rounds) * trips
	}
	switch {
	case kind < loopDown:
		g.counted(c, slot, trips, kind < loopUp)
	default:
		g.driven(c, trips, kind >= loopData)
	}
	g.weight, g.locked, g.rounds = weight, locked, rounds
	if c != none {
		g.counts &^= 1 << c
		g.st.hot |= g.st.scal & (1 << c)
	}
	if slot >= 0 {
		g.frame.used &^= 1 << slot
		g.st.spill[slot] = value{}
	}
	g.nesting--
	return true
}

// counter finds a place for a loop counter: a register that calls preserve, or a
// spill slot.
func (g *Generator) counter() (reg uint8, slot int) {
	if set := g.free() & 0x3c0; set != 0 && !g.src.Chance(64) {
		r := g.among(set)
		g.guard(r)
		g.st.set(r, value{})
		return r, -1
	}
	return none, g.takeSlot()
}

// head is the place that a loop comes back to: what the body may change is
// forgotten, what the loop relies on is locked.
func (g *Generator) head() {
	for r := uint8(0); r < 10; r++ {
		v := &g.st.regs[r]
		if g.locked>>r&1 != 0 || v.kind != memPtr && v.kind != ctxPtr {
			continue
		}
		if r < 6 || v.trait&fragile != 0 || g.src.Coin() {
			g.st.set(r, value{})
		} else {
			g.locked |= 1 << r
		}
	}
	for i := range g.st.spill {
		if g.frame.used>>i&1 == 0 {
			g.st.spill[i] = value{}
		}
	}
	g.st.hot = g.st.scal & g.free()
}

var (
	upTests  = [...]uint8{spec.OpJLT, spec.OpJNE, spec.OpJSLT}
	topTests = [...]struct {
		op  uint8
		imm int32
	}{{spec.OpJSLE, 0}, {spec.OpJSLT, 1}}
)
var downTests = [...]uint8{spec.OpJNE, spec.OpJGT, spec.OpJSGT}

// counted emits a loop of a fixed number of rounds.
func (g *Generator) counted(c uint8, slot, trips int, up bool) {
	first, step, last, test := int32(trips), int32(-1), int32(0), downTests[g.src.Below(3)]
	if up {
		step = int32(1 + g.src.Below(3))
		first = int32(g.src.Below(16))
		last, test = first+step*int32(trips), upTests[g.src.Below(3)]
	}
	class := uint8(spec.ClassJMP)
	if g.src.Chance(80) {
		class = spec.ClassJMP32
	}
	if c != none {
		g.movK(c, first)
		g.st.set(c, value{kind: scalar})
	} else {
		g.emit(spec.Insn{Op: spec.STDW, Dst: r10, Off: int16(g.slotOff(slot)), Imm: first})
	}
	g.head()
	scal, start := g.st.scal, len(g.code)
	g.weight *= trips
	leave, out := g.loopBody()
	t := c
	if c == none {
		t = g.target()
		g.ldx(8, t, r10, g.slotOff(slot))
		g.st.set(t, value{kind: scalar})
	}
	g.k64(spec.OpADD, t, step)
	if c == none {
		g.stx(8, r10, t, g.slotOff(slot))
	}
	g.repair(scal)
	back := g.emit(spec.Insn{Op: class | test, Dst: t, Imm: last})
	g.patchTo(back, start)
	if out >= 0 {
		g.patch(out)
		g.st.meet(&leave)
	}
}

// driven emits a loop of as many rounds as data say, at most trips.
func (g *Generator) driven(c uint8, trips int, mayGoto bool) {
	keep := 1
	for 1<<keep < trips+1 {
		keep++
	}
	g.bounded(c, keep, 0)
	if mayGoto {
		g.settle()
	}
	g.head()
	scal, start, atHead := g.st.scal, len(g.code), g.st
	budget := -1
	if mayGoto {
		budget = g.emit(spec.Insn{Op: spec.JCOND})
	}
	// Not ==: on paths that cannot be, Linux may believe that c jumped over 0.
	test := topTests[g.src.Below(len(topTests))]
	end := g.emit(spec.Insn{Op: spec.ClassJMP | test.op, Dst: c, Imm: test.imm})
	g.weight *= 1 << (keep - 1)
	leave, out := g.loopBody()
	g.repair(scal)
	if mayGoto {
		for hot := g.st.hot & g.free(); hot != 0; hot = g.st.hot & g.free() {
			g.fold(g.among(hot & -hot))
		}
	}
	g.k64(spec.OpADD, c, -1)
	g.patchTo(g.jump(), start)
	g.st = atHead
	g.patch(end)
	if mayGoto {
		g.patch(budget)
	}
	if out >= 0 {
		g.patch(out)
		g.st.meet(&leave)
	}
}

// settle keeps numbers out of a may_goto loop that change from round to round:
// Linux looks for a state that covers the next round, and finds none as long as a
// number that decides a branch goes on changing. The accumulator is unknown.
func (g *Generator) settle() {
	g.vacate(0)
	for r := uint8(0); r < 10; r++ {
		switch {
		case !g.st.isScalar(r) || g.locked>>r&1 != 0:
		case r < 6:
			g.st.set(r, value{})
		default:
			g.locked |= 1 << r
		}
	}
}

// loopBody emits the body, sometimes with a way out of it: the jump to be patched
// and the state there, or -1.
func (g *Generator) loopBody() (leave state, out int) {
	g.block(g.src.Between(2, 9))
	if !g.src.Chance(48) || g.nesting > 2 {
		return leave, -1
	}
	out = g.condition()
	leave = g.st
	g.block(g.src.Between(1, 4))
	return leave, out
}
