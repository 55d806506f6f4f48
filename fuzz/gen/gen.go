package gen

import (
	"github.com/lockstep-ebpf/lockstep/fuzz/tape"
	"github.com/lockstep-ebpf/lockstep/spec"
	"github.com/lockstep-ebpf/lockstep/vm"
	"github.com/lockstep-ebpf/lockstep/vm/hook"
	"github.com/lockstep-ebpf/lockstep/vm/maps"
)

// Options say what to generate. The zero value is the default.
type Options struct {
	Mix    *Mix       // nil: Everything
	Inputs int        // inputs a case; 0: 4
	Type   *hook.Type // the type of all programs; nil: by the mix. hook.Unspec gives programs for plugins, which no kernel runs.

	// What the kernels are like that the programs are for.
	Order   spec.ByteOrder // of programs and data
	Release Release        // instructions that it has not are left out; zero: none
	Aligned bool           // loads and stores are aligned, as machines want where others are slow
	NoJIT   bool           // no callbacks, and no tail calls beside calls: Linux's interpreter has neither
}

// maxPrograms is the main program and those that it tail-calls.
const maxPrograms = 3

// Generator makes cases. It reuses its memory: what Generate returns is valid
// until the next Generate, and may not be changed.
type Generator struct {
	opt Options
	src *tape.Source

	// The case that is being made.
	c        vm.Case
	programs [maxPrograms]vm.Program
	codes    [maxPrograms][]spec.Insn
	mapSpecs [mapCount]maps.Spec
	entries  []maps.Entry
	inputs   []vm.Input
	arena    []byte
	typ      hook.Type
	features [featureCount]bool
	ctxSize  int // of a context that is a buffer
	fds      [mapCount]int

	// The program that is being made.
	code   []spec.Insn
	funcs  []function
	fixups []fixup
	spent  int  // executions of the instructions so far, roughly
	budget int  // the most that spent should come to
	limit  int  // the most slots
	deep   bool // every function calls a new one, as far down as may be

	// The function that is being made.
	function
	st      state
	frame   frame
	locked  uint16 // registers that may not be written
	counts  uint16 // registers that count rounds
	acc     uint8  // the accumulator
	ctx     uint8  // the context's register, or none
	carrier uint8  // of a callback: points to the buffer that carries the result
	weight  int    // how often the present place is executed
	nesting int
	looped  bool // the program has a loop
}

// none stands for no register.
const none = 0xff

// New makes a generator.
func New(o Options) *Generator {
	if o.Mix == nil {
		o.Mix = Everything
	}
	if o.Inputs == 0 {
		o.Inputs = 4
	}
	return &Generator{opt: o}
}

// Generate makes the case that a tape stands for.
func (g *Generator) Generate(src *tape.Source) *vm.Case {
	g.src = src
	g.arena = g.arena[:0]
	g.entries = g.entries[:0]
	g.c = vm.Case{Programs: g.c.Programs[:0], Maps: g.c.Maps[:0]}
	g.draw()
	g.addMaps()
	programs := 1
	if g.features[withTail] {
		programs = 2 + src.Below(maxPrograms-1)
		g.addProgArray(programs)
	}
	g.addInputs()
	for i := range programs {
		g.program(i, programs)
	}
	return &g.c
}

// draw decides what the case has.
func (g *Generator) draw() {
	mix := g.opt.Mix
	g.typ = progTypes[g.src.Pick(mix.types)]
	if g.typ == hook.Syscall && !g.opt.Release.has(5, 14) {
		g.typ = hook.SocketFilter
	}
	if g.opt.Type != nil {
		g.typ = *g.opt.Type
	}
	for f, share := range mix.features {
		g.features[f] = share > 0 && g.src.Chance(share)
	}
	switch g.typ {
	case hook.Syscall, hook.Unspec:
		g.features[withTail] = false // Linux: not for programs that may sleep
		g.features[withPacket] = false
	}
	if g.typ == hook.Unspec {
		g.features[withMaps], g.features[withCallbacks], g.features[withHelpers] = false, false, false
	}
	if g.features[withTail] {
		g.features[withMaps] = true
	}
	if g.opt.NoJIT || !g.opt.Release.has(5, 17) { // bpf_loop
		g.features[withCallbacks] = false
	}
	if g.opt.NoJIT && g.features[withTail] {
		g.features[withCalls] = false
	}
	g.ctxSize = 32 << g.src.Below(3)
}

// Sizes of programs, in slots of the main program's body.
var bodySizes = tape.NewTable(200, 51, 5)

// program makes program i of n.
func (g *Generator) program(i, n int) {
	g.code = g.codes[i][:0]
	g.funcs = g.funcs[:0]
	g.fixups = g.fixups[:0]
	g.spent, g.limit, g.looped = 0, 3500, false
	g.deep = g.features[withCalls] && g.src.Chance(12)
	size := 0
	switch g.src.Pick(bodySizes) {
	case 0:
		size, g.budget = g.src.Between(12, 40), 200
	case 1:
		size, g.budget = g.src.Between(40, 90), 300
	default:
		size, g.budget = g.src.Between(90, 400), 1200
		if g.src.Chance(64) {
			size, g.budget = g.src.Between(400, 3500), 6000
		}
	}
	if n > 1 { // up to 34 runs of it
		size, g.budget = min(size, 24), 120
	}
	g.funcs = append(g.funcs, function{weight: 1})
	for f := 0; f < len(g.funcs); f++ {
		g.funcs[f].start = len(g.code)
		if f == 0 {
			g.main(size, i, n)
		} else {
			g.subprogram(f)
		}
	}
	for _, x := range g.fixups {
		g.code[x.at].Imm = int32(g.funcs[x.fn].start - x.at - 1)
	}
	g.older()
	g.codes[i] = g.code
	g.programs[i] = vm.Program{Name: programNames[i], Type: g.typ, Order: g.opt.Order, Insns: g.code}
	g.c.Programs = append(g.c.Programs, &g.programs[i])
}

var programNames = [maxPrograms]string{"main", "tail1", "tail2"}

// full reports that it is time to come to an end.
func (g *Generator) full() bool {
	return g.src.Spent() || g.spent > g.budget || len(g.code) > g.limit
}

// block emits steps until n slots have been written.
func (g *Generator) block(n int) {
	for end := len(g.code) + n; len(g.code) < end && !g.full(); {
		g.step()
	}
}

// step emits one thing.
func (g *Generator) step() {
	switch g.src.Pick(g.opt.Mix.steps) {
	case stepIf:
		if g.nesting < 5 {
			g.branch()
			return
		}
	case stepLoop:
		if g.features[withLoops] && g.loop() {
			return
		}
	case stepStack:
		if g.features[withStack] {
			g.stackAccess()
			return
		}
	case stepMem:
		if p := g.pointer(0); p != none {
			g.access(p)
			return
		}
	case stepAtomic:
		if g.features[withAtomics] {
			g.atomic()
			return
		}
	case stepCtx:
		if g.contextAccess() {
			return
		}
	case stepPacket:
		if g.features[withPacket] && g.packet() {
			return
		}
	case stepAbs:
		if g.features[withPacket] && g.absolute() {
			return
		}
	case stepLookup:
		if g.features[withMaps] {
			g.lookup()
			return
		}
	case stepChange:
		if g.features[withMaps] {
			g.change()
			return
		}
	case stepDirect:
		if g.features[withMaps] {
			g.access(g.direct())
			return
		}
	case stepCall:
		if g.features[withCalls] && g.call() {
			return
		}
	case stepCallback:
		if g.features[withCallbacks] && g.callback() {
			return
		}
	case stepHelper:
		if g.features[withHelpers] {
			g.blindHelper()
			return
		}
	case stepSpill:
		if g.features[withStack] && g.spill() {
			return
		}
	case stepPointer:
		if g.derive() {
			return
		}
	}
	g.scalar()
}
