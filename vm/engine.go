package vm

// Engine makes programs runnable.
type Engine interface {
	Name() string
	// Supports reports, as an *Unsupported, what of the program the engine cannot do.
	Supports(p *Program) error
	// Load prepares a program. Its error is a *Rejected or an *Unsupported.
	Load(l *Loaded) (Instance, error)
}

// Meter is an Instance that says what it charges where fuel may be charged in bulk:
// so much whenever control comes to slot pc. The steps of a run that returns are the
// sum of it.
type Meter interface {
	Charge(pc int) uint64
}

// Instance is a program made ready by an engine.
type Instance interface {
	// Run runs the program on a machine that has been set up, from its first
	// instruction to the end. One Instance may run on several machines at once.
	Run(m *Machine) Result
	Close() error
}
