package bench

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"text/tabwriter"
)

// order is how columns stand in a table; others come behind, by name.
var order = []string{"refvm", "fastvm-go-checked", "fastvm-go", Goto, "jit-checked", "jit", Kernel, "gcc", "clang"}

// columns are the engines of the report.
func (r *Report) columns() []string {
	names := slices.Collect(maps.Keys(r.Geomean))
	slices.SortFunc(names, func(a, b string) int {
		x, y := slices.Index(order, a), slices.Index(order, b)
		switch {
		case x >= 0 && y >= 0:
			return x - y
		case x >= 0 || y >= 0:
			return y - x // the one that is -1 comes last
		case a < b:
			return -1
		}
		return 1
	})
	return names
}

// WriteTable writes the report for people: nanoseconds an instruction by program
// and engine, and what they come to.
func (r *Report) WriteTable(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	names := r.columns()
	line := func(title, insns string, cell func(name string) string) {
		fmt.Fprintf(t, "%s\t%s\t", title, insns)
		for _, n := range names {
			fmt.Fprintf(t, "%s\t", cell(n))
		}
		fmt.Fprintln(t)
	}
	figure := func(m map[string]float64, unit float64) func(string) string {
		return func(name string) string {
			if v, ok := m[name]; ok {
				return fmt.Sprintf("%.2f", v/unit)
			}
			return "-"
		}
	}
	line("ns an instruction", "executed", func(n string) string { return n })
	rows := func(core bool) {
		for _, p := range r.Programs {
			if p.Core == core {
				line(p.Name, fmt.Sprint(p.Insns), figure(p.NSPerInsn, 1))
			}
		}
	}
	rows(true)
	line("geometric mean", "", figure(r.Geomean, 1))
	for _, yard := range []string{Goto, "gcc", "clang"} {
		if v, ok := r.Geomean[yard]; ok {
			line("times "+yard, "", figure(r.Geomean, v))
		}
	}
	rows(false)
	line("mean of all", "", figure(r.GeomeanAll, 1))
	if v, ok := r.GeomeanAll[Goto]; ok {
		line("times "+Goto, "", figure(r.GeomeanAll, v))
	}
	line("ns a call", "", figure(r.CallNS, 1))
	line("ns a helper", "", figure(r.HelperNS, 1))
	line("ns to load an instruction", "", figure(r.CompileNSPerInsn, 1))
	if err := t.Flush(); err != nil {
		return err
	}
	fmt.Fprintf(w, "an indirect call in Go takes %.2f ns\n", r.IndirectNS)
	for _, n := range r.Notes {
		fmt.Fprintln(w, n)
	}
	return nil
}
