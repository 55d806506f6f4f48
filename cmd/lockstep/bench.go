package main

import (
	"fmt"

	"github.com/lockstep-ebpf/lockstep/bench"
)

type benchCmd struct {
	Peers    bool     `help:"Measure others too: the same programs in C (gcc, clang), an interpreter in C (goto), the host's kernel (root)."`
	Rounds   int      `default:"11" help:"Interleaved rounds; medians count." placeholder:"N"`
	Programs []string `help:"Measure these programs only, and not the rate of fuzzing." placeholder:"NAME,..."`
	JSON     bool     `name:"json" help:"End with a JSON object: programs, geomean, geomean_all, call_ns, helper_ns, indirect_ns, compile_ns_per_insn, fuzz_programs_per_second."`
}

func (c *benchCmd) Help() string {
	return `Nanoseconds do not carry over to another machine; ratios between columns do.
The mean that counts is that of ten programs, which exist in C too; those below
it need helpers or are there for other reasons.

Examples:

  lockstep bench
  lockstep bench --peers --rounds 31 --json`
}

func (c *benchCmd) Run(t *terminal) error {
	t.json = c.JSON
	if c.Rounds < 1 {
		return fmt.Errorf("--rounds %d: want 1 or more", c.Rounds)
	}
	r, err := bench.Run(bench.Options{Rounds: c.Rounds, Programs: c.Programs, Peers: c.Peers})
	if err != nil {
		return err
	}
	report := benchReport{Report: r}
	if err := r.WriteTable(t.human()); err != nil {
		return err
	}
	if c.Programs == nil {
		if report.FuzzPerSecond, err = bench.FuzzRate(); err != nil {
			return err
		}
		fmt.Fprintf(t.human(), "%-16s %s programs/s a core: generated, run on refvm and fastvm, compared\n", "fuzz", thousands(uint64(report.FuzzPerSecond)))
	}
	return t.object(report)
}

// benchReport is the JSON object.
type benchReport struct {
	*bench.Report
	FuzzPerSecond float64 `json:"fuzz_programs_per_second,omitempty"` // generating and comparing, on one core
}
