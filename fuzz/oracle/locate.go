package oracle

import (
	"fmt"
	"sort"

	"github.com/lockstep-ebpf/lockstep/refvm"
	"github.com/lockstep-ebpf/lockstep/reports"
	"github.com/lockstep-ebpf/lockstep/spec"
	"github.com/lockstep-ebpf/lockstep/vm"
	"github.com/lockstep-ebpf/lockstep/vm/mem"
)

// Step is one instruction that the reference VM ran, with the registers that it
// found.
type Step struct {
	reports.Place
	Depth int
	Insn  spec.Insn
	Regs  [11]uint64
	Undef uint16
}

// Row is the instruction's row.
func (s *Step) Row() *spec.Row { return spec.Lookup(s.Insn) }

// Reference is a reference VM that can be watched. Its address space is that of
// all engines of this project, so what it sees holds for them.
type Reference struct {
	engine  refvm.Engine
	target  *vm.EngineTarget
	results []vm.Result
}

// NewReference makes a reference VM with memory of its own.
func NewReference() (*Reference, error) {
	m, err := mem.New()
	if err != nil {
		return nil, fmt.Errorf("the tracing reference VM: %w", err)
	}
	r := &Reference{}
	r.target = vm.NewTarget(&r.engine, m)
	return r, nil
}

// Close frees its memory.
func (r *Reference) Close() error { return r.target.Close() }

// Trace lists the first steps of one input of a case, up to limit. It is empty if
// the case cannot be loaded.
func (r *Reference) Trace(c *vm.Case, input int, limit uint64) []Step {
	var steps []Step
	r.Watch(c, input, limit, func(s *refvm.State) {
		steps = append(steps, Step{reports.Place{Program: s.Prog.ID, PC: s.PC}, s.Depth, s.Insn(), s.Regs, s.Undef})
	})
	return steps
}

// Run runs a case unseen, for what is defined in its outcomes.
func (r *Reference) Run(c *vm.Case) []vm.Outcome { return r.target.Run(c) }

// Watch runs one input of a case for at most limit steps and shows every state
// before its instruction.
func (r *Reference) Watch(c *vm.Case, input int, limit uint64, see func(*refvm.State)) {
	if input > 0 { // the inputs before it run unseen
		before := *c
		before.Inputs = c.Inputs[:input+1]
		c = &before
	}
	r.engine.Hook = nil
	r.run(c, input, limit, see)
	r.engine.Hook = nil
}

func (r *Reference) run(c *vm.Case, input int, limit uint64, see func(*refvm.State)) {
	loaded, err := r.target.Load(c)
	if err != nil {
		return
	}
	m := r.target.Machine()
	for i := range input + 1 {
		if err := m.Setup(loaded.Type, &c.Inputs[i]); err != nil {
			return
		}
		if i == input {
			m.Fuel = min(m.Fuel, limit)
			r.engine.Hook = see
		}
		loaded.Instance.Run(m)
	}
}

// Bytes reads guest memory as the last Trace left it. Bytes that the program may
// not read are zero.
func (r *Reference) Bytes(addr uint64, n int) []byte {
	out := make([]byte, n)
	m := r.target.Machine().Mem
	if m.Can(addr, uint32(n), mem.Read) {
		copy(out, m.Bytes(uint32(addr), uint32(n)))
	}
	return out
}

// IsAddress reports whether a number may be a guest address, in the memory that the
// last Trace left: it is that of a readable byte, of the place after one, of a map
// or of code. Other targets have other addresses there.
func (r *Reference) IsAddress(v uint64) bool {
	m := r.target.Machine().Mem
	return m.Can(v, 1, mem.Read) || v > 0 && m.Can(v-1, 1, mem.Read) ||
		v >= mem.MapBase && v < mem.MapBase+mem.MapStride*64 || v >= mem.CodeBase && v < mem.StackBase
}

// Parting is where two runs part.
type Parting struct {
	Effect     reports.Effect
	Difference vm.Difference
	Steps      uint64 // the states differ after so many steps, and not after one less
}

// Locate finds the step after which the two sides of a mismatch differ; trace is
// what the reference does. ok is false if one of them cannot be stepped, or they do
// not differ on the way.
func (o *Oracle) Locate(c *vm.Case, m Mismatch, trace []Step) (p Parting, ok bool) {
	a, b := engineOf(o.Targets[m.A]), engineOf(o.Targets[m.B])
	if c.FastFuel { // nobody stops where they are told
		return Parting{}, false
	}
	if a == nil || b == nil || m.Kind == reports.Rejection || m.Kind == reports.Crash || m.Kind == reports.Hang || m.Kind == reports.Claim {
		return Parting{}, false
	}
	at := func(n int) bool {
		o.states[0].at(a, c, m.Input, uint64(n))
		o.states[1].at(b, c, m.Input, uint64(n))
		var d bool
		p.Effect, p.Difference, d = differ(&o.states[0], &o.states[1])
		return d
	}
	end := len(trace)
	if !at(end) { // after the trace, or only in what comes of the run as a whole
		fuel := int(c.Fuel)
		if fuel == 0 {
			fuel = vm.DefaultFuel
		}
		if !at(fuel) {
			return Parting{}, false
		}
		end = fuel
	}
	n := search(trace, 0, end, 0, at)
	if !at(n) {
		return Parting{}, false
	}
	p.Steps = uint64(n)
	return p, true
}

// search finds a step n with differs(n) and not differs(n-1), between lo, where
// the states are equal, and hi, where they differ.
//
// It is a bisection, which needs that states once different stay so. While a
// function runs, the registers of its callers cannot be compared, so a difference
// in them heals at a call and breaks out at the return. Hence the outermost
// function is searched first, with its calls as single steps, and then the call
// that does it.
func search(trace []Step, lo, hi, depth int, differs func(n int) bool) int {
	for hi-lo > 1 {
		var level []int
		for n := lo + 1; n < hi; n++ {
			if n >= len(trace) || trace[n].Depth <= depth {
				level = append(level, n)
			}
		}
		i := sort.Search(len(level), func(i int) bool { return differs(level[i]) })
		if i < len(level) {
			hi = level[i]
		}
		if i > 0 {
			lo = level[i-1]
		}
		depth++
	}
	return hi
}

// Follow runs all inputs of a case, each for at most fuel instructions, and shows every
// instruction before it runs: package verifier/witness searches with it. What it returns is
// valid until the next call.
func (r *Reference) Follow(c *vm.Case, fuel uint64, see func(prog, pc int, regs *[11]uint64, undef uint16)) []vm.Result {
	r.results = r.results[:0]
	loaded, err := r.target.Load(c)
	if err != nil {
		return append(r.results, vm.FromError(err))
	}
	r.engine.Hook = func(s *refvm.State) { see(s.Prog.ID, s.PC, &s.Regs, s.Undef) }
	defer func() { r.engine.Hook = nil }()
	m := r.target.Machine()
	m.Fuel = fuel
	for i := range c.Inputs {
		if err := m.Setup(loaded.Type, &c.Inputs[i]); err != nil {
			r.results = append(r.results, vm.FromError(err))
			continue
		}
		r.results = append(r.results, loaded.Instance.Run(m))
	}
	return r.results
}
