package reports

import (
	"fmt"
	"strings"

	"github.com/lockstep-ebpf/lockstep/spec"
	"github.com/lockstep-ebpf/lockstep/vm"
)

// Kind is what sort of disagreement a finding is.
type Kind string

// Kinds of finding.
const (
	Divergence Kind = "divergence" // both ran, with different results
	Fault      Kind = "fault"      // one faulted, or both in different ways
	Rejection  Kind = "rejection"  // one of our engines loads what another refuses
	Hang       Kind = "hang"       // one did not answer
	Crash      Kind = "crash"      // one died
	Claim      Kind = "claim"      // one did what it was claimed that it cannot do
)

// Effect is the part of the machine that differs first, right after the
// instruction that makes it differ.
type Effect string

// Effects. Memory is the stack, the input memory, the packet, the context and
// map values alike: a witness may show the same bug on any of them.
const (
	Register Effect = "register"
	Memory   Effect = "memory"
	Control  Effect = "control" // another instruction runs next
	Faults   Effect = "fault"
	Printed  Effect = "trace"
	Loading  Effect = "load"
	Claimed  Effect = "claim" // not as was claimed
	Final    Effect = "final" // seen at the end only: a target cannot be stepped
)

// Signature is what makes two findings the same one.
type Signature struct {
	Targets [2]string `json:"targets"`
	Effect  Effect    `json:"effect"`
	Insn    string    `json:"insn"` // name of the spec row that diverges, or "" if unknown
}

// String is a name for the signature, fit for a folder.
func (s Signature) String() string {
	insn := s.Insn
	if insn == "" {
		insn = "unknown"
	}
	return strings.Map(plain, strings.Join([]string{s.Targets[0], s.Targets[1], string(s.Effect), insn}, "-"))
}

func plain(r rune) rune {
	switch {
	case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '-', r == '_', r == '.':
		return r
	}
	return '_'
}

// Finding is one disagreement.
type Finding struct {
	Signature  Signature  `json:"signature"`
	Kind       Kind       `json:"kind"`
	Input      int        `json:"input"` // of Case: which one shows it
	Difference Difference `json:"difference"`
	Place      *Place     `json:"place,omitempty"` // in Case; nil if it is not known
	Seed       uint64     `json:"seed"`
	Mix        string     `json:"mix,omitempty"`
	Program    uint64     `json:"program"`        // its number in the campaign
	Insns      int        `json:"insns"`          // of Case, an LDDW counting once
	Original   int        `json:"original_insns"` // before reduction
	Count      uint64     `json:"count"`          // how often it was seen
	Outcomes   [2]Seen    `json:"outcomes"`       // of Case, in order of the signature's targets
	Compared   []string   `json:"compared"`       // the observables that both targets show

	Case  *vm.Case `json:"-"` // reduced
	Found *vm.Case `json:"-"` // as generated; nil after reading back
}

// Place is an instruction of a case.
type Place struct {
	Program int `json:"program"`
	PC      int `json:"pc"`
}

// Difference is a vm.Difference.
type Difference struct {
	Observable string `json:"observable"`
	Where      string `json:"where,omitempty"`
	A          string `json:"a"`
	B          string `json:"b"`
}

// Seen is the part of an outcome that a report shows.
type Seen struct {
	Kind   string `json:"kind"`
	R0     string `json:"r0,omitempty"`
	Steps  uint64 `json:"steps,omitempty"`
	Fault  string `json:"fault,omitempty"`
	Reason string `json:"reason,omitempty"`
}

// See summarises an outcome.
func See(o *vm.Outcome) Seen {
	s := Seen{Kind: o.Kind.String(), Steps: o.Steps, Reason: o.Reason}
	switch o.Kind {
	case vm.Exit:
		s.R0 = fmt.Sprintf("%#x", o.R0)
		if o.Undef&1 != 0 {
			s.R0 = "undefined"
		}
	case vm.Faulted:
		s.Fault = o.Fault.String()
	}
	return s
}

// CountInsns is the number of instructions of a case's programs, an LDDW counting
// once.
func CountInsns(c *vm.Case) int {
	n := 0
	for _, p := range c.Programs {
		n += len(p.Insns)
		for _, i := range p.Insns {
			if i.Op == spec.LDDW {
				n--
			}
		}
	}
	return n
}
