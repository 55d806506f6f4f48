package num

import (
	"fmt"
	"strings"
	"testing"
)

func TestPrecision(t *testing.T) {
	var out strings.Builder
	w := newWorld(Width{4, 2})
	for _, f := range formsOf(w.Width) {
		got, err := w.measure(f)
		fmt.Fprintf(&out, "%-10s %8d %.4f %.4f %v\n", f.name, got.inputs, got.share(), got.mean(), err)
	}
	for _, b := range branchesOf(w.Width) {
		got, err := w.measureBranch(b)
		fmt.Fprintf(&out, "%-10s %8d %.4f %.4f %v\n", b.name, got.inputs, got.share(), got.mean(), err)
	}
	t.Log("\n" + out.String())
}
