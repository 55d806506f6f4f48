package main

import (
	"fmt"

	"github.com/lockstep-ebpf/lockstep/bench"
	"github.com/lockstep-ebpf/lockstep/jit"
)

type benchCmd struct {
	Peers    bool        `help:"Measure others too: the same programs in C (gcc, clang), an interpreter in C (goto), the host's kernel (root)."`
	Rounds   int         `default:"11" help:"Interleaved rounds; medians count." placeholder:"N"`
	Programs []string    `help:"Measure these programs only, and not the rate of fuzzing." placeholder:"NAME,..."`
	Blind    blindFlag   `help:"${blind}"`
	PerfMap  perfMapFlag `help:"${perfmap}"`
	JSON     bool        `name:"json" help:"End with a JSON object: programs, geomean, geomean_all, call_ns, helper_ns, indirect_ns, compile_ns_per_insn, fuzz_programs_per_second."`
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
	r, err := bench.Run(bench.Options{Rounds: c.Rounds, Programs: c.Programs, Peers: c.Peers, Subjects: subjects()})
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

// subjects are what is measured, with the JIT as flags have set it.
func subjects() []bench.Subject {
	all := bench.Subjects()
	for i := range all {
		if _, ok := all[i].Engine.(jit.Engine); ok {
			all[i].Engine = jitEngine
		}
	}
	return all
}

// benchReport is the JSON object.
type benchReport struct {
	*bench.Report
	FuzzPerSecond float64 `json:"fuzz_programs_per_second,omitempty"` // generating and comparing, on one core
}
