package transfer

import (
	"fmt"

	"github.com/lockstep-ebpf/lockstep/verifier/state"
)

// Class is what a failure says of the program.
type Class uint8

// Classes.
const (
	Unsafe      Class = iota // the program may do harm, or breaks a rule that keeps it from that
	Unsupported              // nothing is known: this verifier cannot judge it
	TooComplex               // a limit was reached
	BadObject                // it is no program, or names what is not there
	Denied                   // the privilege is missing
)

// Failure is an obligation that was not met.
type Failure struct {
	Class    Class
	Rule     string // stable identifier
	Prog     int    // index of the program in the case
	Insn     int    // slot; -1: the program as a whole
	Start    int    // slot at which Path begins: 0, or where a global function does
	Register int    // -1: none
	Text     string // as Linux says it; a second line where Linux has one
	Have     string // what is known
	Need     string // what would have been enough
	Path     []state.Edge
	State    *state.State // in front of the instruction; nil if there is none
}

func (f *Failure) Error() string { return fmt.Sprintf("insn %d: %s", f.Insn, f.Text) }

// fail makes a failure that is not about one register.
func fail(rule, format string, args ...any) *Failure {
	return &Failure{Rule: rule, Register: -1, Text: fmt.Sprintf(format, args...)}
}

// failReg makes one about register n of a state.
func failReg(rule string, n uint8, r *state.Reg, need, format string, args ...any) *Failure {
	return &Failure{Rule: rule, Register: int(n), Have: r.String(), Need: need, Text: fmt.Sprintf(format, args...)}
}

// unsupported says what cannot be judged.
func unsupported(format string, args ...any) *Failure {
	return &Failure{Class: Unsupported, Rule: "unsupported", Register: -1, Text: fmt.Sprintf(format, args...)}
}
