//go:build mutants

package num

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/lockstep-ebpf/lockstep/internal/mutant"
)

// TestMutantsAreKilled switches every planted bug of this package on and looks
// whether the exhaustive tests see it.
func TestMutantsAreKilled(t *testing.T) {
	n := 0
	for _, m := range mutant.All {
		if m.Where != "verifier/num" {
			continue
		}
		n++
		mutant.Enable(m.ID)
		err := firstMistake()
		mutant.Enable(mutant.None)
		if err == nil {
			t.Errorf("%s: %s: nobody noticed", m.Name, m.What)
			continue
		}
		t.Logf("%s: %v", m.Name, err)
	}
	if n < 15 {
		t.Errorf("%d bugs are planted", n)
	}
}

// firstMistake is the first complaint of the exhaustive tests about small machines.
func firstMistake() (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic: %v", r)
		}
	}()
	for _, width := range []Width{{3, 3}, {3, 2}, {4, 2}} {
		w := worldOf(width)
		if err := w.latticeMistake(); err != nil {
			return err
		}
		for _, f := range formsOf(width) {
			visit := w.constants
			if f.unary {
				visit = w.single
			}
			if _, err := w.measure(f, visit); err != nil {
				return err
			}
			if _, err := w.measure(f, w.inputs(f)); err != nil {
				return err
			}
		}
		for _, b := range branchesOf(width) {
			if _, err := w.measureBranch(b, w.pairs); err != nil {
				return err
			}
		}
	}
	return nil
}

// latticeMistake looks at Normalise and at the order.
func (w *world) latticeMistake() error {
	r := rand.New(rand.NewPCG(1, 1))
	for range 20_000 {
		x := w.anyParts(r)
		if got, want := w.Normalise(x), w.best(w.members(x)); got != want {
			return fmt.Errorf("Normalise(%+v) = %+v, want %+v", x, got, want)
		}
	}
	var err error
	w.pairs(func(x, y *abstract) bool {
		if x.Subsumes(y.Scalar) != (y.set&^x.set == 0) {
			err = fmt.Errorf("%+v subsumes %+v: %v", x.Scalar, y.Scalar, x.Subsumes(y.Scalar))
		}
		return err == nil
	})
	return err
}
