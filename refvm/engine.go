package refvm

import (
	"slices"
	"sync"

	"github.com/lockstep-ebpf/lockstep/spec"
	"github.com/lockstep-ebpf/lockstep/vm"
)

// Engine is the reference VM.
type Engine struct {
	// Walk evaluates the table's trees instead of the code generated from them.
	Walk bool
	// Hook, if set, sees the state before every instruction. It may not keep the
	// pointer, and what it changes in the state is changed in the run.
	Hook func(*State)
}

// State is what a hook sees.
type State struct {
	Prog  *vm.Loaded
	PC    int // of the instruction about to run
	Depth int // of the frame: 0 is the first function
	Steps uint64
	Regs  [11]uint64
	Undef uint16 // bit n: rn has no defined value
}

// Insn is the instruction about to run.
func (s *State) Insn() spec.Insn { return s.Prog.Insns[s.PC] }

// Name is "refvm", also when it walks.
func (e *Engine) Name() string { return "refvm" }

// Supports everything that a World can resolve.
func (e *Engine) Supports(*vm.Program) error { return nil }

// Load looks up the rows.
func (e *Engine) Load(l *vm.Loaded) (vm.Instance, error) {
	x := instances.Get().(*instance)
	x.engine, x.loaded = e, l
	x.code = slices.Grow(x.code[:0], len(l.Insns))[:len(l.Insns)]
	for pc := 0; pc < len(l.Insns); pc++ {
		in := l.Insns[pc]
		row := spec.Lookup(in)
		c := &x.code[pc]
		*c = insn{Insn: in, row: uint16(row.ID), wide: 1, value: uint64(int64(in.Imm)), aux: l.Aux[pc].Flags}
		if row.IsWide() {
			c.wide, c.value = 2, l.Aux[pc].Value
			pc++
		}
	}
	return x, nil
}

// insn is an instruction ready to run.
type insn struct {
	spec.Insn
	row   uint16 // index into spec.Table
	wide  uint8  // slots
	aux   vm.AuxFlags
	value uint64 // the immediate, sign-extended; of an LDDW what it names
}

// instance is a loaded program. It holds no state of a run.
type instance struct {
	engine *Engine
	loaded *vm.Loaded
	code   []insn
}

// Fuzzing loads each program once: instances and runs are used again.
var (
	instances = sync.Pool{New: func() any { return &instance{} }}
	runs      = sync.Pool{New: func() any { return &run{} }}
)

// Close gives the instance back. It may not be used again.
func (x *instance) Close() error {
	x.loaded = nil
	instances.Put(x)
	return nil
}

// run is the state of a run.
type run struct {
	State
	m      *vm.Machine
	engine *Engine
	code   []insn
	next   int // the slot that runs after this instruction
	flow   flow
	fault  vm.Fault
	taint  bool
	frames [8]frame // of the callers: set by push before they are read
}

// flow is what became of an instruction.
type flow uint8

const (
	goOn    flow = iota
	exited       // the first function returned
	faulted      // r.fault says how
)

// Run runs the program on m.
func (x *instance) Run(m *vm.Machine) vm.Result {
	r := runs.Get().(*run)
	defer runs.Put(r)
	r.m, r.engine, r.code = m, x.engine, x.code
	r.flow, r.fault, r.taint = goOn, vm.Fault{}, false
	r.State = State{Prog: x.loaded}
	r.Regs[1], r.Regs[2] = m.R1, m.R2
	r.Undef = 0b0111_1111_1001 | 1<<2 // all but r1 and r10
	r.Undef &^= 1 << 10
	if m.R2Def {
		r.Undef &^= 1 << 2
	}
	r.Regs[10] = r.openFrame(0)
	m.TracksUndef = true
	kind := r.loop()
	m.TracksUndef = false
	res := vm.Result{
		Kind: kind, R0: r.Regs[0], Regs: r.Regs, Undef: r.Undef, Tainted: r.taint, Steps: r.Steps, Fault: r.fault,
	}
	if kind == vm.FuelSpent {
		res.Next = vm.Next{Known: true, Prog: r.Prog.ID, PC: r.PC}
	}
	return res
}

// loop runs instructions until the program ends or the fuel does.
func (r *run) loop() vm.Kind {
	fuel := r.m.Fuel
	for r.Steps < fuel {
		if r.engine.Hook != nil {
			r.engine.Hook(&r.State)
		}
		r.Steps++
		c := &r.code[r.PC]
		r.next = r.PC + int(c.wide)
		if r.engine.Walk {
			r.seq(c, spec.Table[c.row].Do)
		} else {
			rowFuncs[c.row](r, c)
		}
		switch r.flow {
		case exited:
			return vm.Exit
		case faulted:
			r.fault.Prog, r.fault.PC = r.Prog.ID, r.PC
			return vm.Faulted
		}
		r.PC = r.next
	}
	return vm.FuelSpent
}

// stop ends the run with a fault.
func (r *run) stop(kind vm.FaultKind, addr uint64) {
	r.flow = faulted
	r.fault = vm.Fault{Kind: kind, Addr: addr}
}
