package gen

import "github.com/lockstep-ebpf/lockstep/spec"

// function is a function of the program that is being made. The numbers are final
// when its body is made: only functions before it call it.
type function struct {
	index      int
	start      int
	args       [5]argKind
	nargs      int
	buffer     int  // bytes behind an argBuffer
	isCallback bool // of bpf_loop: (index, buffer), returns 0 or 1
	level      int  // frames above it
	stack      int  // bytes of the frames above it
	weight     int  // how often it is executed, over all calls
	rounds     int  // of the loops around the present place, or around a call, that Linux follows one by one
}

type argKind uint8

const (
	argScalar argKind = iota
	argBuffer         // bytes of a caller's frame
	argCtx
)

// fixup is an instruction whose Imm is the distance to a function.
type fixup struct{ at, fn int }

// frame is the layout of a stack frame: slots of 8 bytes for data, which anything
// may be written to and which helpers and subprograms may be given, and slots set
// apart for spills and loop counters.
type frame struct {
	size  int   // bytes
	data  int   // where the data slots start, from r10
	slots int   // how many there are
	spill int   // where the spill slots start
	spare int   // how many spill slots there are
	used  uint8 // spill slots that are taken
}

// layout lays out a frame.
func (g *Generator) layout(slots, spare int) {
	f := &g.frame
	*f = frame{size: 8 * (slots + spare), slots: slots, spare: spare}
	if g.src.Coin() {
		f.data, f.spill = -8*slots, -f.size
	} else {
		f.data, f.spill = -f.size, -8*spare
	}
}

// stackRoom is what a call must leave for the callee's frame.
const stackRoom = 64

// begin starts a function's body: nothing is known but r10.
func (g *Generator) begin(f int) {
	g.function = g.funcs[f]
	g.st = state{}
	g.locked, g.counts, g.ctx, g.nesting = 0, 0, none, 0
	g.weight = g.function.weight
	slots, spare := 2, 1
	if g.features[withStack] || g.features[withMaps] || g.features[withCallbacks] || g.features[withCalls] {
		slots, spare = 8, 2
		if b := g.src.Byte(); b > 236 && f == 0 && !g.features[withCalls] && !g.features[withCallbacks] {
			slots = 12 + 2*int(b&15)
		}
	}
	if f > 0 {
		slots, spare = 6, 2
		if g.level > 1 {
			slots, spare = 2, 2
		}
	}
	g.layout(slots, spare)
	g.acc = 6 + uint8(g.src.Below(4))
}

// main makes the function that runs first, of program i of n.
func (g *Generator) main(size, i, n int) {
	g.begin(0)
	g.ctx = 6 + uint8(g.src.Below(4))
	if g.features[withPacket] && g.hasAbs() {
		g.ctx = 6
	}
	if g.ctx == g.acc {
		g.acc = 6 + (g.acc-6+1)%4
	}
	g.movX(g.ctx, 1)
	g.st.set(g.ctx, value{kind: ctxPtr})
	g.locked = 1<<g.ctx | 1<<g.acc
	g.origins()
	if n > 1 { // what the program before has left
		p := g.directAt(0, 0x3f)
		g.load(p, p, 0, 8, false)
	}
	g.block(size)
	if g.features[withLoops] && !g.looped && !g.src.Spent() {
		g.loop()
	}
	if g.features[withCalls] && len(g.funcs) == 1 && !g.src.Spent() {
		g.call()
	}
	if n > 1 {
		g.tailCall()
	}
	g.epilogue()
}

// subprogram makes function f.
func (g *Generator) subprogram(f int) {
	g.begin(f)
	g.locked = 1 << g.acc
	for a := range g.nargs {
		r := uint8(a + 1)
		switch g.args[a] {
		case argScalar:
			g.st.set(r, value{kind: scalar})
		case argBuffer:
			g.st.set(r, value{kind: memPtr, trait: strict | atomics, align: 3, hi: int16(g.buffer)})
		case argCtx:
			g.st.set(r, value{kind: ctxPtr})
		}
	}
	if g.args[0] == argScalar { // best unknown, lest branches be decided by it
		g.movX(g.acc, 1)
		g.st.hot &^= 2
		g.st.twin = true
	} else {
		g.movK(g.acc, int32(0x1234_5600+f))
	}
	g.st.set(g.acc, value{kind: scalar})
	g.st.hot &^= 1 << g.acc
	for a := range g.nargs { // pointers go where calls do not reach
		if g.args[a] == argScalar || !g.isCallback && g.src.Coin() {
			continue
		}
		if kept := uint16(0x3c0); g.locked&kept == kept {
			break // all of r6 to r9 are taken
		}
		r := 6 + uint8(g.src.Below(4))
		for g.locked>>r&1 != 0 {
			r = 6 + (r-6+1)%4
		}
		g.movX(r, uint8(a+1))
		g.st.set(r, g.st.regs[a+1])
		g.locked |= 1 << r
		if g.args[a] == argCtx {
			g.ctx = r
		}
		if g.isCallback {
			g.carrier = r
		}
	}
	if g.isCallback {
		g.callbackBody()
		return
	}
	g.block(g.src.Between(3, 16))
	if g.deep {
		g.call()
	}
	g.epilogue()
}

// finish leaves the function early, with what it has so far.
func (g *Generator) finish() {
	for hot := g.st.hot &^ (1 << g.acc); hot != 0; hot &= hot - 1 {
		g.absorb(g.among(hot & -hot))
	}
	if g.isCallback {
		g.stx(8, g.carrier, g.acc, 0)
		g.movK(0, int32(g.src.Below(2)))
	} else {
		g.movX(0, g.acc)
	}
	g.emit(spec.Insn{Op: spec.EXIT})
}
