package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/lockstep-ebpf/lockstep/bench"
	"github.com/lockstep-ebpf/lockstep/jit"
)

type benchCmd struct {
	Peers   bool        `help:"Measure the C yardstick too, where a C compiler is."`
	Rounds  int         `default:"11" help:"Interleaved rounds; medians count." placeholder:"N"`
	PerfMap perfMapFlag `help:"${perfmap}"`
	JSON    bool        `name:"json" help:"End with a JSON object: programs, geomean, call_ns, compile_ns_per_insn, fuzz_programs_per_second."`
}

func (c *benchCmd) Help() string {
	return `Nanoseconds do not carry over to another machine; ratios between columns do.

Examples:

  lockstep bench
  lockstep bench --peers --rounds 31 --json`
}

func (c *benchCmd) Run(t *terminal) error {
	t.json = c.JSON
	if c.Rounds < 1 {
		return fmt.Errorf("--rounds %d: want 1 or more", c.Rounds)
	}
	r, err := bench.Run(bench.Options{Rounds: c.Rounds, NoGoto: !c.Peers, Subjects: subjects()})
	if err != nil {
		return err
	}
	report := benchReport{Report: r}
	if report.FuzzPerSecond, err = bench.FuzzRate(); err != nil {
		return err
	}
	printBench(t.human(), r)
	fmt.Fprintf(t.human(), "%-16s %s programs/s a core: generated, run on refvm and fastvm, compared\n", "fuzz", thousands(uint64(report.FuzzPerSecond)))
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
	FuzzPerSecond float64 `json:"fuzz_programs_per_second"` // generating and comparing, on one core
}

// printBench writes nanoseconds an instruction, a program a line, an engine a
// column, and below them what they come to.
func printBench(w io.Writer, r *bench.Report) {
	engines := slices.Sorted(maps.Keys(r.Geomean))
	row := func(name, insns string, value func(engine string) (float64, bool)) {
		fmt.Fprintf(w, "%-16s %10s", name, insns)
		for _, e := range engines {
			if v, ok := value(e); ok {
				fmt.Fprintf(w, " %*.2f", max(8, len(e)), v)
			} else {
				fmt.Fprintf(w, " %*s", max(8, len(e)), "-")
			}
		}
		fmt.Fprintln(w)
	}
	of := func(m map[string]float64) func(string) (float64, bool) {
		return func(e string) (float64, bool) {
			v, ok := m[e]
			return v, ok
		}
	}
	fmt.Fprintf(w, "%-16s %10s", "ns/instruction", "executed")
	for _, e := range engines {
		fmt.Fprintf(w, " %*s", max(8, len(e)), e)
	}
	fmt.Fprintln(w)
	for _, p := range r.Programs {
		row(p.Name, thousands(p.Insns), of(p.NSPerInsn))
	}
	row("geometric mean", "", of(r.Geomean))
	if base, ok := r.Geomean[bench.Goto]; ok {
		row("times "+bench.Goto, "", func(e string) (float64, bool) { return r.Geomean[e] / base, true })
	}
	row("ns/call", "", of(r.CallNS))
	row("load, ns/insn", "", of(r.CompileNSPerInsn))
	if r.Notes != nil {
		fmt.Fprintln(w, strings.Join(r.Notes, "\n"))
	}
}
