package vm

import "github.com/lockstep-ebpf/lockstep/vm/maps"

// Case is everything that a run depends on. The first program runs; the others
// are there for tail calls. Inputs run one after the other in one World, so that
// maps carry over, as they do in a kernel where one program sees many packets.
type Case struct {
	Name     string
	Programs []*Program
	Maps     []*maps.Spec
	Inputs   []Input
	Mode     Mode
	Fuel     uint64 // instructions an input may take; 0 means DefaultFuel
	FastFuel bool   // Machine.ExactFuel is off: steps, and where fuel runs out, are not compared
}

// Input is one event that a program is run for.
type Input struct {
	Memory  []byte // type mem: what r1 points to
	Packet  []byte // types with a packet
	Context []byte // syscall: the whole context; else the fields' values where the type lets the caller set them
	Seed    uint64 // of the machine's random numbers and clock
}

// DefaultFuel is enough for every program a person would write in a test.
const DefaultFuel = 1_000_000

// Mode is how much an engine checks.
type Mode uint8

// Modes of a machine.
const (
	Checked Mode = iota // every access is checked; a bad one is a Fault
	Trusted             // addresses are masked to the window; a verifier has judged the program
)

// Target is anything that can run a Case.
type Target interface {
	Name() string
	// Observables says what of an outcome the target can show for such a case.
	Observables(c *Case) Observable
	// Run gives one outcome an input. A case that cannot be loaded has the same
	// outcome for every input. The outcomes are valid until the next Run.
	Run(c *Case) []Outcome
	Close() error
}

// BatchTarget is a Target that is faster with many cases at once.
type BatchTarget interface {
	Target
	RunBatch(cs []*Case) [][]Outcome
}

// Every fills the outcome of a case that did not run: one copy an input.
func (c *Case) Every(r Result) []Outcome {
	out := make([]Outcome, max(1, len(c.Inputs)))
	for i := range out {
		out[i].Result = r
	}
	return out
}
