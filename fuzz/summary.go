package fuzz

import (
	"maps"
	"time"

	"github.com/lockstep-ebpf/lockstep/reports"
)

// Summary is the state of a campaign, as `lockstep fuzz --json` prints it.
type Summary struct {
	Seed              uint64                 `json:"seed"`
	Programs          uint64                 `json:"programs"`
	Accepted          uint64                 `json:"accepted"`   // loaded by every target
	Acceptance        float64                `json:"acceptance"` // of the programs that every target supports
	ProgramsPerSecond float64                `json:"programs_per_second"`
	Seconds           float64                `json:"seconds"`
	Targets           map[string]TargetCount `json:"targets"`
	Coverage          CoverageCount          `json:"coverage"`
	Mismatches        uint64                 `json:"mismatches"` // programs, of all signatures
	Findings          []FindingLine          `json:"findings"`
}

// TargetCount counts the programs of one target.
type TargetCount struct {
	Programs    uint64 `json:"programs"`
	Unsupported uint64 `json:"unsupported"`
	Rejected    uint64 `json:"rejected"`
	Crashes     uint64 `json:"crashes"`
}

// CoverageCount is the size of a Coverage.
type CoverageCount struct {
	Forms int `json:"forms"`
	Cells int `json:"cells"`
}

// FindingLine is a finding in a Summary.
type FindingLine struct {
	Signature string       `json:"signature"`
	Kind      reports.Kind `json:"kind"`
	Targets   [2]string    `json:"targets"`
	Insns     int          `json:"insns"`
	Count     uint64       `json:"count"`
	Case      string       `json:"case"` // the file, if there is a folder
}

// counts are the numbers of a campaign or of a unit.
type counts struct {
	Programs    uint64                 `json:"programs"`
	Accepted    uint64                 `json:"accepted"`
	Unsupported uint64                 `json:"unsupported"` // by some target
	Mismatches  uint64                 `json:"mismatches"`
	Targets     map[string]TargetCount `json:"targets"`
}

func (c *counts) add(d *counts) {
	c.Programs += d.Programs
	c.Accepted += d.Accepted
	c.Unsupported += d.Unsupported
	c.Mismatches += d.Mismatches
	if c.Targets == nil {
		c.Targets = map[string]TargetCount{}
	}
	for name, t := range d.Targets {
		sum := c.Targets[name]
		sum.Programs += t.Programs
		sum.Unsupported += t.Unsupported
		sum.Rejected += t.Rejected
		sum.Crashes += t.Crashes
		c.Targets[name] = sum
	}
}

// summary is c after some time.
func (c *counts) summary(seed uint64, spent time.Duration) Summary {
	s := Summary{
		Seed: seed, Programs: c.Programs, Accepted: c.Accepted, Mismatches: c.Mismatches,
		Seconds: spent.Seconds(), Targets: maps.Clone(c.Targets), Findings: []FindingLine{},
	}
	if n := c.Programs - c.Unsupported; n > 0 {
		s.Acceptance = float64(c.Accepted) / float64(n)
	}
	if s.Seconds > 0 {
		s.ProgramsPerSecond = float64(c.Programs) / s.Seconds
	}
	return s
}
