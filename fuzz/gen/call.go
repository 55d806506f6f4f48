package gen

import (
	"github.com/lockstep-ebpf/lockstep/spec"
	"github.com/lockstep-ebpf/lockstep/vm"
)

// Limits of the functions of a program. Linux allows 8 frames and 512 bytes of
// stack over all of them.
const (
	maxFuncs  = 10
	maxLevel  = 7
	stackSize = 512
)

// below is how much stack the frames down to the present function take; Linux
// rounds each up.
func (g *Generator) below() int { return g.stack + (g.frame.size+31)&^31 }

// mayCall reports whether one more frame fits.
func (g *Generator) mayCall() bool {
	return g.level < maxLevel && g.below()+stackRoom <= stackSize && g.spent+24*g.weight < g.budget
}

// vacate saves what r0 to r5 hold before a call, but for those in keep.
func (g *Generator) vacate(keep uint16) {
	locked := g.locked
	g.locked |= 0x3f
	for r := uint8(0); r <= 5; r++ {
		if keep>>r&1 == 0 {
			g.guard(r)
		}
	}
	g.locked = locked
}

// callee picks a function that the present one may call, or plans one.
func (g *Generator) callee() int {
	if len(g.funcs) > 1 && !g.deep && (len(g.funcs) == maxFuncs || g.src.Chance(96)) {
		f := g.src.Between(1, len(g.funcs)-1)
		x := &g.funcs[f]
		if f > g.index && !x.isCallback && g.canPass(x) {
			return f
		}
	}
	if len(g.funcs) == maxFuncs {
		return -1
	}
	x := function{nargs: g.src.Between(1, 5), index: len(g.funcs)}
	context := g.ctx != none // one is enough
	for a := range x.nargs {
		switch b := g.src.Byte(); {
		case b >= 208 && x.buffer == 0:
			x.args[a], x.buffer = argBuffer, 8*g.src.Between(1, min(4, g.frame.slots))
		case b >= 192 && context:
			x.args[a], context = argCtx, false
		}
	}
	g.funcs = append(g.funcs, x)
	return x.index
}

// canPass reports whether the present function has what x takes.
func (g *Generator) canPass(x *function) bool {
	for _, a := range x.args[:x.nargs] {
		if a == argCtx && g.ctx == none {
			return false
		}
	}
	return x.buffer <= 8*g.frame.slots
}

// enters notes a call of f at the present place.
func (g *Generator) enters(f, times int) *function {
	x := &g.funcs[f]
	x.level = max(x.level, g.level+1)
	x.stack = max(x.stack, g.below())
	x.weight += g.weight * times
	x.rounds = max(x.rounds, g.rounds)
	return x
}

// call emits a call of a subprogram.
func (g *Generator) call() bool {
	if !g.mayCall() {
		return false
	}
	f := g.callee()
	if f < 0 {
		return false
	}
	x := g.enters(f, 1)
	off := 0
	if x.buffer > 0 {
		off = g.run(x.buffer / 8)
		g.ensure(off, x.buffer)
	}
	var keep uint16 // arguments that stand where they are wanted
	for a := range x.nargs {
		if r := uint8(a + 1); x.args[a] == argScalar && g.st.isScalar(r) && g.src.Coin() {
			keep |= 1 << r
		}
	}
	g.vacate(keep)
	for a := range x.nargs {
		r := uint8(a + 1)
		switch {
		case keep>>r&1 != 0:
		case x.args[a] == argBuffer:
			g.pointTo(r, off)
			g.st.set(r, value{kind: memPtr})
		case x.args[a] == argCtx:
			g.movX(r, g.ctx)
			g.st.set(r, value{kind: ctxPtr})
		case g.src.Chance(64):
			g.constant(r)
		default:
			g.movX(r, g.operand())
			g.st.set(r, value{kind: scalar})
		}
	}
	g.fixups = append(g.fixups, fixup{g.emit(spec.Insn{Op: spec.CALL, Src: spec.CallLocal}), f})
	g.returned()
	return true
}

// returned is the state after a call of a function whose body is yet to be made.
func (g *Generator) returned() {
	g.st.clobber()
	g.st.set(0, value{kind: scalar})
	g.st.dropFragile()
}

// callback emits a call of bpf_loop with a new function.
func (g *Generator) callback() bool {
	// What bpf_loop, or may_goto, makes Linux forget, where it looks for a state that
	// covers the next round, may be the counter of a loop around it.
	if g.rounds > 1 || !g.mayCall() || len(g.funcs) == maxFuncs {
		return false
	}
	times := g.src.Between(1, 4)
	slots := g.src.Between(1, min(3, g.frame.slots))
	f := len(g.funcs)
	g.funcs = append(g.funcs, function{
		index: f, isCallback: true, nargs: 2, args: [5]argKind{argScalar, argBuffer}, buffer: 8 * slots,
	})
	g.enters(f, times)
	off := g.run(slots)
	for s := range slots { // what no verifier knows, else it would follow every round
		g.stx(8, r10, g.acc, off+8*s)
	}
	g.st.mark(off, 8*slots)
	g.vacate(0)
	if g.level == 0 && g.src.Coin() {
		// Of the accumulator, because if Linux knows it to be 0 the callback is dead:
		// 6.18 then removes it, stumbles over its address and reports a bug of its own.
		g.boundedBy(1, g.acc, 2, 0)
	} else {
		g.movK(1, int32(times))
	}
	g.fixups = append(g.fixups, fixup{len(g.code), f})
	g.lddw(2, spec.LDDWFunc, 0, 0)
	g.pointTo(3, off)
	g.movK(4, 0)
	g.helper(vm.HelperLoop)
	g.returned()
	r := 1 + uint8(g.src.Below(5))
	g.ldx(8, r, r10, off)
	g.st.set(r, value{kind: scalar})
	return true
}

// callbackBody makes a function for bpf_loop: it carries its result in the first
// word of the buffer, and goes on or stops.
func (g *Generator) callbackBody() {
	buf := g.carrier
	t := g.targetIn(0x3c & g.free())
	g.ldx(8, t, buf, 0)
	g.st.set(t, value{})
	g.x64(spec.OpADD, g.acc, t)
	g.block(g.src.Between(2, 10))
	g.gather()
	g.stx(8, buf, g.acc, 0)
	g.movK(0, 0)
	if g.src.Chance(64) {
		g.movX(0, g.acc)
		g.k64(spec.OpAND, 0, 1)
	}
	g.emit(spec.Insn{Op: spec.EXIT})
}
