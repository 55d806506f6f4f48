package vm

import (
	"errors"

	"github.com/lockstep-ebpf/lockstep/vm/mem"
)

// EngineTarget runs cases on an engine in this process, in a World of its own.
type EngineTarget struct {
	engine  Engine
	world   *World
	machine *Machine
	out     []Outcome
}

// NewTarget makes a target of an engine; m is its guest memory.
func NewTarget(e Engine, m *mem.Memory) *EngineTarget {
	w := NewWorldIn(m)
	return &EngineTarget{engine: e, world: w, machine: w.NewMachine()}
}

// Name is the engine's.
func (t *EngineTarget) Name() string { return t.engine.Name() }

// Engine is the engine.
func (t *EngineTarget) Engine() Engine { return t.engine }

// Observables are all, but for steps where fuel may be charged in bulk.
func (t *EngineTarget) Observables(c *Case) Observable {
	if c.FastFuel {
		return ObsAll &^ ObsSteps
	}
	return ObsAll
}

// Close frees the World.
func (t *EngineTarget) Close() error { return t.world.Close() }

// Machine is the CPU that runs the cases, for callers that want to watch it.
func (t *EngineTarget) Machine() *Machine { return t.machine }

// Run loads the case into the emptied World and runs its inputs in order.
func (t *EngineTarget) Run(c *Case) []Outcome {
	if exact := t.machine.ExactFuel; c.FastFuel && exact {
		t.machine.ExactFuel = false
		defer func() { t.machine.ExactFuel = exact }()
	}
	loaded, err := t.Load(c)
	if err != nil {
		return c.Every(FromError(err))
	}
	for len(t.out) < len(c.Inputs) {
		t.out = append(t.out, Outcome{})
	}
	for i := range c.Inputs {
		o := &t.out[i]
		if err := t.machine.Setup(loaded.Type, &c.Inputs[i]); err != nil {
			*o = Outcome{Result: FromError(err)}
			continue
		}
		t.machine.Observe(loaded.Instance.Run(t.machine), o)
	}
	return t.out[:len(c.Inputs)]
}

// Load empties the World and builds the case in it. It returns the program that
// runs.
func (t *EngineTarget) Load(c *Case) (*Loaded, error) {
	if len(c.Programs) == 0 {
		return nil, &Rejected{-1, "the case has no program"}
	}
	if err := t.world.Reset(); err != nil {
		return nil, err
	}
	t.machine.Mode = c.Mode
	t.machine.Fuel = c.Fuel
	if c.Fuel == 0 {
		t.machine.Fuel = DefaultFuel
	}
	t.world.Mem.Order = c.Programs[0].Order
	for _, s := range c.Maps {
		if _, err := t.world.AddMap(s); err != nil {
			return nil, &Rejected{-1, err.Error()}
		}
	}
	for _, p := range c.Programs {
		if _, err := t.world.Load(t.engine, p); err != nil {
			return nil, err
		}
	}
	return t.world.Programs[0], nil
}

// FromError is the result of a case that could not be loaded.
func FromError(err error) Result {
	var un *Unsupported
	if errors.As(err, &un) {
		return Result{Kind: LoadUnsupported, Reason: un.What}
	}
	return Result{Kind: LoadRejected, Reason: err.Error()}
}
