package num

import (
	"bufio"
	"flag"
	"fmt"
	"math"
	"os"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "rewrite the floors of TestPrecision")

const floorsFile = "testdata/precision.txt"

// row is a line of the table: all pairs, and those whose second operand is constant.
type row struct {
	name       string
	all, fixed tally
	undecided  bool // a condition: has decisions
}

// TestPrecision is the test of all operators at (4,2), and says how good they are: the
// share of inputs for which the result is the best one in the product, and by how
// many bits, in the mean, it has more members than that. No share may fall below the
// floor in testdata. Run with -v for the table.
func TestPrecision(t *testing.T) {
	rows := precision(t)
	var out strings.Builder
	fmt.Fprintf(&out, "%-10s %9s %7s %7s   %9s %7s %7s\n", "", "pairs", "best", "excess", "constant", "best", "excess")
	for _, r := range rows {
		fmt.Fprintf(&out, "%-10s", r.name)
		for _, x := range []tally{r.all, r.fixed} {
			fmt.Fprintf(&out, " %9d %6.2f%% %7.4f  ", x.inputs, 100*x.share(), x.mean())
		}
		if r.undecided {
			fmt.Fprintf(&out, " undecided: %d, %d", r.all.undecided, r.fixed.undecided)
		}
		fmt.Fprintln(&out)
	}
	t.Logf("operators at (4,2)\n%s", out.String())
	if *update {
		writeFloors(t, rows)
	}
	floors := readFloors(t)
	for _, r := range rows {
		want, ok := floors[r.name]
		if !ok {
			t.Errorf("%s has no floor: -update adds it", r.name)
		}
		tolerance := 0.0
		if *long { // the floors are of the share of pairs that is taken without it
			tolerance = 0.01
		}
		if r.all.share() < want[0]-tolerance || r.fixed.share() < want[1]-tolerance {
			t.Errorf("%s is best for %.4f of all inputs and %.4f of those with a constant; it was for %.3f and %.3f",
				r.name, r.all.share(), r.fixed.share(), want[0], want[1])
		}
	}
}

func precision(t *testing.T) (rows []row) {
	w := worldOf(Width{4, 2})
	check := func(err error) {
		if err != nil {
			t.Error(err)
		}
	}
	for _, f := range formsOf(w.Width) {
		r := row{name: f.name}
		var err error
		r.all, err = w.measure(f, w.inputs(f))
		check(err)
		if r.fixed = r.all; !f.unary {
			r.fixed, err = w.measure(f, w.constants)
			check(err)
		}
		rows = append(rows, r)
	}
	for _, b := range branchesOf(w.Width) {
		r := row{name: b.name, undecided: true}
		var err error
		r.all, err = w.measureBranch(b, w.pairs)
		check(err)
		r.fixed, err = w.measureBranch(b, w.constants)
		check(err)
		rows = append(rows, r)
	}
	return rows
}

func writeFloors(t *testing.T, rows []row) {
	t.Helper()
	var out strings.Builder
	fmt.Fprintln(&out, "# Least share of inputs with the best result, at (4,2): all pairs, second operand constant.")
	floor := func(x float64) float64 { return math.Floor(x*1000) / 1000 }
	for _, r := range rows {
		fmt.Fprintf(&out, "%-10s %.3f %.3f\n", strings.ReplaceAll(r.name, " ", "_"), floor(r.all.share()), floor(r.fixed.share()))
	}
	if err := os.WriteFile(floorsFile, []byte(out.String()), 0o644); err != nil {
		t.Fatal(err)
	}
}

func readFloors(t *testing.T) map[string][2]float64 {
	t.Helper()
	f, err := os.Open(floorsFile)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	out := map[string][2]float64{}
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if strings.HasPrefix(lines.Text(), "#") {
			continue
		}
		var name string
		var all, fixed float64
		if _, err := fmt.Sscan(lines.Text(), &name, &all, &fixed); err != nil {
			t.Fatalf("%s: %q: %v", floorsFile, lines.Text(), err)
		}
		out[strings.ReplaceAll(name, "_", " ")] = [2]float64{all, fixed}
	}
	return out
}

// TestFormsAreDistinct: the table's names are its keys.
func TestFormsAreDistinct(t *testing.T) {
	var names []string
	for _, f := range formsOf(W64) {
		names = append(names, f.name)
	}
	for _, b := range branchesOf(W64) {
		names = append(names, b.name)
	}
	slices.Sort(names)
	if n := len(names); len(slices.Compact(names)) != n {
		t.Errorf("two forms have one name: %v", names)
	}
}
