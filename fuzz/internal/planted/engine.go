package planted

import (
	"testing"

	"github.com/lockstep-ebpf/lockstep/refvm"
	"github.com/lockstep-ebpf/lockstep/spec"
	"github.com/lockstep-ebpf/lockstep/vm"
	"github.com/lockstep-ebpf/lockstep/vm/mem"
)

// Mistake changes the state after an instruction. before is the state that the
// instruction ran in; its Insn is the instruction.
type Mistake func(before, now *refvm.State)

// engine is a reference VM that makes a mistake.
type engine struct {
	refvm.Engine
	name  string
	wrong Mistake
	last  refvm.State // before the instruction that ran last
}

// Engine makes a reference VM that makes a mistake; nil makes it right. It can go
// wrong after any instruction but one that ends the program. It makes no tail calls.
func Engine(name string, wrong Mistake) vm.Engine {
	e := &engine{name: name, wrong: wrong}
	if wrong != nil {
		e.Hook = func(now *refvm.State) {
			if now.Steps > 0 {
				wrong(&e.last, now)
			}
			e.last = *now
		}
	}
	return e
}

func (e *engine) Name() string { return e.name }

func (e *engine) Load(l *vm.Loaded) (vm.Instance, error) {
	i, err := e.Engine.Load(l)
	return instance{i, e}, err
}

type instance struct {
	vm.Instance
	e *engine
}

// Run makes the mistake also after the last instruction before the fuel was spent:
// no hook sees the state there.
func (i instance) Run(m *vm.Machine) vm.Result {
	r := i.Instance.Run(m)
	if e := i.e; r.Kind == vm.FuelSpent && r.Steps > 0 && e.wrong != nil {
		now := refvm.State{Prog: e.last.Prog, PC: r.Next.PC, Depth: e.last.Depth, Steps: r.Steps, Regs: r.Regs, Undef: r.Undef}
		e.wrong(&e.last, &now)
		r.Regs, r.Undef, r.Next.PC = now.Regs, now.Undef, now.PC
	}
	return r
}

// Targets makes a target of the reference VM, and one of each engine.
func Targets(t testing.TB, engines ...vm.Engine) []vm.Target {
	t.Helper()
	all := []vm.Target{target(t, &refvm.Engine{})}
	for _, e := range engines {
		all = append(all, target(t, e))
	}
	return all
}

func target(t testing.TB, e vm.Engine) vm.Target {
	t.Helper()
	m, err := mem.New()
	if err != nil {
		t.Fatal(err)
	}
	x := vm.NewTarget(e, m)
	t.Cleanup(func() { x.Close() })
	return x
}

// FaultEngine makes a reference VM that tells of faults wrongly.
func FaultEngine(name string, wrong func(f *vm.Fault, i spec.Insn)) vm.Engine {
	return &faultEngine{engine{name: name}, wrong}
}

type faultEngine struct {
	engine
	wrong func(f *vm.Fault, i spec.Insn)
}

func (e *faultEngine) Load(l *vm.Loaded) (vm.Instance, error) {
	i, err := e.engine.Load(l)
	return faultInstance{i, e, l}, err
}

type faultInstance struct {
	vm.Instance
	e *faultEngine
	l *vm.Loaded
}

func (i faultInstance) Run(m *vm.Machine) vm.Result {
	r := i.Instance.Run(m)
	if r.Kind == vm.Faulted {
		p := i.l.World.Programs[r.Fault.Prog]
		i.e.wrong(&r.Fault, p.Insns[r.Fault.PC])
	}
	return r
}
