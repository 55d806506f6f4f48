package witness

import (
	"fmt"

	"github.com/lockstep-ebpf/lockstep/verifier/transfer"
	"github.com/lockstep-ebpf/lockstep/vm"
)

// Machine runs cases and shows every instruction before it runs. The reference VM of
// package fuzz/oracle is one.
type Machine interface {
	// Follow runs the inputs of a case, each for at most fuel instructions. What it returns is
	// valid until the next call; regs is until see returns. Bit n of undef: rn has no value.
	Follow(c *vm.Case, fuel uint64, see func(prog, pc int, regs *[11]uint64, undef uint16)) []vm.Result
	// Bytes reads guest memory, in see. Bytes that a program may not read are zero.
	Bytes(addr uint64, n int) []byte
}

// Options say what to search with.
type Options struct {
	Machine Machine
	Tries   int    // runs at most; 0: DefaultTries
	Seed    uint64 // of what is drawn
}

// DefaultTries is where more runs seldom find what these have not found.
const DefaultTries = 4000

// Answer is what a search comes to.
type Answer uint8

// Answers.
const (
	Confirmed Answer = iota // there is an input that does harm
	NotFound                // there seems to be none: likely a false rejection
	Unknown                 // runs cannot tell
)

func (a Answer) String() string { return [...]string{"confirmed", "not_found", "unknown"}[a] }

// Harm is what a witness does.
type Harm uint8

// Harms.
const (
	None      Harm = iota
	Faults         // the machine stops it
	Undefined      // it reads a register that nothing has written
	Endless        // it is still running when Linux would have stopped looking at it
)

func (h Harm) String() string { return [...]string{"none", "fault", "undefined", "endless"}[h] }

// Result is what is known after a search.
type Result struct {
	Answer  Answer
	Harm    Harm
	Case    *vm.Case  // Confirmed: a case whose last input does it; it shares the programs
	Outcome vm.Result // of that input
	Tries   int
	Reached bool   // some run came to the failing instruction
	Reason  string // Unknown: why
}

func (r *Result) String() string {
	switch {
	case r.Answer == Unknown:
		return "unknown: " + r.Reason
	case r.Answer == NotFound && !r.Reached:
		return fmt.Sprintf("no witness found in %d tries, none of which came to the instruction: a false rejection, or a path that is hard to find", r.Tries)
	case r.Answer == NotFound:
		return fmt.Sprintf("no witness found in %d tries: likely a false rejection", r.Tries)
	case r.Harm == Undefined:
		return fmt.Sprintf("confirmed%s: a run reads a register that nothing has written", r.after())
	case r.Harm == Endless:
		return fmt.Sprintf("confirmed%s: a run is not done after %d instructions", r.after(), r.Outcome.Steps)
	}
	return fmt.Sprintf("confirmed%s: %s", r.after(), &r.Outcome.Fault)
}

// after is how long it took.
func (r *Result) after() string {
	if r.Tries == 1 {
		return " at the first try"
	}
	return fmt.Sprintf(" in %d tries", r.Tries)
}

// Search looks for an input on which a refused case does harm. f is why it was refused.
func Search(c *vm.Case, f *transfer.Failure, o Options) Result {
	if o.Tries == 0 {
		o.Tries = DefaultTries
	}
	if reason := pointless(c, f); reason != "" {
		return Result{Answer: Unknown, Reason: reason}
	}
	meaning := meanings[f.Rule]
	s := newSearch(c, f, o)
	s.run()
	r := s.result
	r.Tries = s.tries
	switch {
	case r.Harm != None:
		r.Answer = Confirmed
	case meaning != "":
		r.Answer, r.Reason = Unknown, meaning
	default:
		r.Answer = NotFound
	}
	r.Reached = s.reached
	return r
}
