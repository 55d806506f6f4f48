package bench

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"text/tabwriter"
)

// order is how columns stand in a table; others come behind, by name.
var order = []string{"refvm", "fastvm-go", "fastvm-go-checked", Goto}

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
// and engine, and how that compares with the C yardstick.
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
	figure := func(m map[string]float64) func(string) string {
		return func(name string) string {
			if v, ok := m[name]; ok {
				return fmt.Sprintf("%.2f", v)
			}
			return ""
		}
	}
	line("ns an instruction", "executed", func(n string) string { return n })
	for _, p := range r.Programs {
		line(p.Name, fmt.Sprint(p.Insns), figure(p.NSPerInsn))
	}
	line("geometric mean", "", figure(r.Geomean))
	if yard, ok := r.Geomean[Goto]; ok {
		line("times "+Goto, "", func(n string) string { return fmt.Sprintf("%.2f", r.Geomean[n]/yard) })
	}
	line("ns a call", "", figure(r.CallNS))
	line("ns to load an instruction", "", figure(r.CompileNSPerInsn))
	for _, n := range r.Notes {
		fmt.Fprintln(t, n)
	}
	return t.Flush()
}
