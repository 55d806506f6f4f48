package public

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
)

// WriteTable writes what was counted, most first.
func (t *Tally) WriteTable(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%6d objects\n", t.Objects)
	for _, why := range descending(t.Unread, func(n int) int { return n }) {
		fmt.Fprintf(&b, "       %6d cannot be read: %s\n", t.Unread[why], why)
	}
	fmt.Fprintf(&b, "%6d programs, of which %d differ\n", t.Programs, t.Different)
	if n := len(t.Insns); n > 0 {
		sizes := slices.Sorted(slices.Values(t.Insns))
		fmt.Fprintf(&b, "       %6d slots is the median, %d has the largest; 90%% have no more than %d\n", sizes[n/2], sizes[n-1], sizes[n*9/10])
	}
	for _, typ := range descending(t.Types, func(n int) int { return n }) {
		fmt.Fprintf(&b, "       %6d %s\n", t.Types[typ], typ)
	}
	fmt.Fprintf(&b, "%6d run here; what the others need, and how many need that alone:\n", t.Runnable)
	for _, what := range descending(t.Obstacles, func(o Obstacle) int { return o.Programs }) {
		fmt.Fprintf(&b, "       %6d %6d %s\n", t.Obstacles[what].Programs, t.Obstacles[what].Alone, what)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// descending is the keys of a map, those with the largest values first.
func descending[V any](m map[string]V, size func(V) int) []string {
	return slices.SortedFunc(maps.Keys(m), func(a, b string) int {
		return cmp.Or(size(m[b])-size(m[a]), cmp.Compare(a, b))
	})
}
