package public

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"text/tabwriter"
)

// WriteTable writes what was counted, most first.
func (t *Tally) WriteTable(w io.Writer) error {
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(tw, "objects\t%d\t\n", t.Objects)
	for _, why := range descending(t.Unread, func(n int) int { return n }) {
		fmt.Fprintf(tw, "cannot be read\t%d\t  %s\n", t.Unread[why], why)
	}
	fmt.Fprintf(tw, "programs\t%d\t  %d differ\n", t.Programs, t.Different)
	if n := len(t.Insns); n > 0 {
		sizes := slices.Sorted(slices.Values(t.Insns))
		fmt.Fprintf(tw, "slots\t%d\t  median; 90%% have no more than %d, the largest has %d\n", sizes[n/2], sizes[n*9/10], sizes[n-1])
	}
	for _, typ := range descending(t.Types, func(n int) int { return n }) {
		fmt.Fprintf(tw, "\t%d\t  %s\n", t.Types[typ], typ)
	}
	fmt.Fprintf(tw, "run here\t%d\t\n", t.Runnable)
	fmt.Fprint(tw, "do not, for\tprograms\talone\n")
	for _, what := range descending(t.Obstacles, func(o Obstacle) int { return o.Programs }) {
		fmt.Fprintf(tw, "\t%d\t%d\t  %s\n", t.Obstacles[what].Programs, t.Obstacles[what].Alone, what)
	}
	return tw.Flush()
}

// descending is the keys of a map, those with the largest values first.
func descending[V any](m map[string]V, size func(V) int) []string {
	return slices.SortedFunc(maps.Keys(m), func(a, b string) int {
		return cmp.Or(size(m[b])-size(m[a]), cmp.Compare(a, b))
	})
}
