package errata

import "embed"

// Erratum is one contradiction or open corner.
type Erratum struct {
	ID      string // short and stable: S1, or words
	Title   string
	Group   string // one of Groups
	Texts   string // what the texts say, with the clause
	Linux   string // what Linux does, [ran] or [read]
	Choice  string // what this project does
	Case    string // the name of a file in cases/, without .txtar
	Stage   Stage  // what decides the case here
	Refusal string // a part of Linux 6.18's message if it refuses the case, "" if it runs it
}

// Stage is the step at which a case is decided.
type Stage uint8

// Stages, from the first to the last.
const (
	Encoding Stage = iota // spec.Decode refuses the bytes
	Load                  // the slots decode, the flow of control is refused when loading
	Verifier              // engines run it, a verifier as strict as the kernel's refuses it
	Run                   // it runs, and the outcome tells
)

// Groups orders the entries.
var Groups = []string{
	"Contradictions", "Arithmetic", "Reserved fields", "Registers", "Jumps and calls", "Memory", "Atomic operations", "Packet access", "Linux only",
}

// All is every entry, in the order of Groups.
var All = concat(contradictions, arithmetic, reserved, registers, control, memory, atomics, packet, linux)

func concat(groups ...[]Erratum) (all []Erratum) {
	for i, g := range groups {
		for _, e := range g {
			e.Group = Groups[i]
			all = append(all, e)
		}
	}
	return all
}

// ByID finds an entry, or nil.
func ByID(id string) *Erratum {
	for i := range All {
		if All[i].ID == id {
			return &All[i]
		}
	}
	return nil
}

// Cases holds cases/NAME.txtar of every entry.
//
//go:embed cases/*.txtar
var Cases embed.FS

// Text is the entry's case file.
func (e *Erratum) Text() ([]byte, error) { return Cases.ReadFile("cases/" + e.Case + ".txtar") }
