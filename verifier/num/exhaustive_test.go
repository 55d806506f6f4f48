package num

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

// pairs calls f for pairs of scalars of w: all of them if they are few, a share spread
// over them if they are many, random ones if the scalars themselves are too many to
// list for an ordinary test: at (6,3) they are 3,553,958.
func (w *world) pairs(f func(x, y *abstract) bool) {
	if w.Reg > 5 && !*long {
		r := rand.New(rand.NewPCG(*seed, uint64(w.Reg)))
		for range 3000 {
			x, y := w.random(r), w.random(r)
			if !f(&x, &y) {
				return
			}
		}
		return
	}
	all := everyOf(w)
	most := 40_000
	switch {
	case *long && w.Reg <= 4:
		most = math.MaxInt
	case *long:
		most = 1_000_000
	}
	step := 1
	if n := len(all); n*n > most {
		step = n*n/most | 1
	}
	for i := range all {
		for j := i * 7919 % step; j < len(all); j += step {
			if !f(&all[i], &all[j]) {
				return
			}
		}
	}
}

// constants calls f for every scalar with every constant.
func (w *world) constants(f func(x, y *abstract) bool) {
	all := everyOf(w)
	for v := range w.size {
		y := abstract{w.best(1 << v), 1 << v}
		for i := range all {
			if !f(&all[i], &y) {
				return
			}
		}
	}
}

// single calls f for every scalar of w, or for random ones.
func (w *world) single(f func(x, y *abstract) bool) {
	if w.Reg > 5 && !*long {
		w.pairs(f)
		return
	}
	zero := abstract{set: 1}
	all := everyOf(w)
	for i := range all {
		if !f(&all[i], &zero) {
			return
		}
	}
}

// tally says how good an operator is.
type tally struct {
	inputs, best int
	excess       float64 // sum of log2 (members of the result / of the best one)
	undecided    int     // conditions that could have been decided
}

func (t *tally) share() float64 { return float64(t.best) / float64(t.inputs) }
func (t *tally) mean() float64  { return t.excess / float64(t.inputs) }

// judge compares got, what an operator said, with the exact set of outcomes. It
// returns a message if got misses one or is not normal.
func (w *world) judge(t *tally, got Scalar, exact set) string {
	t.inputs++
	best := w.best(exact)
	if got == best {
		t.best++
		return ""
	}
	has := w.members(got)
	if lost := exact &^ has; lost != 0 {
		return fmt.Sprintf("%+v lacks %d", got, first(lost))
	}
	if normal := w.best(has); got != normal {
		return fmt.Sprintf("%+v is not normal: %+v has the same members", got, normal)
	}
	if exact == 0 { // as far off as one member too many
		t.excess += math.Log2(float64(size(has)) + 1)
		return ""
	}
	t.excess += math.Log2(float64(size(has)) / float64(size(w.members(best))))
	return ""
}

// table is a function of two numbers, written down.
func (w *world) table(eval func(x, y uint64) uint64) (out [64][64]uint8) {
	for x := range w.size {
		for y := range w.size {
			out[x][y] = uint8(eval(x, y))
		}
	}
	return out
}

type visitor func(func(x, y *abstract) bool)

// measure judges one form on some inputs. It stops at the first mistake.
func (w *world) measure(f form, visit visitor) (t tally, err error) {
	value := w.table(f.eval)
	visit(func(x, y *abstract) bool {
		var exact set
		for a := x.set; a != 0; a &= a - 1 {
			row := &value[first(a)]
			for b := y.set; b != 0; b &= b - 1 {
				exact |= 1 << row[first(b)]
			}
		}
		if msg := w.judge(&t, f.apply(x.Scalar, y.Scalar), exact); msg != "" {
			err = fmt.Errorf("%s at %v of x = %+v, y = %+v: %s", f.name, w.Width, x.Scalar, y.Scalar, msg)
		}
		return err == nil
	})
	return t, err
}

// measureBranch judges a condition: what is left of both sides, and the decision.
func (w *world) measureBranch(b branch, visit visitor) (t tally, err error) {
	var holds, mirror [64]set
	for x := range w.size {
		for y := range w.size {
			if b.eval(x, y) {
				holds[x] |= 1 << y
				mirror[y] |= 1 << x
			}
		}
	}
	visit(func(x, y *abstract) bool {
		var left, right set
		always := true
		for a := x.set; a != 0; a &= a - 1 {
			can := holds[first(a)] & y.set
			if can != 0 {
				left |= 1 << first(a)
			}
			always = always && can == y.set
		}
		for a := y.set; a != 0; a &= a - 1 {
			if mirror[first(a)]&x.set != 0 {
				right |= 1 << first(a)
			}
		}
		gotX, gotY := b.refine(x.Scalar, y.Scalar)
		fail := func(format string, args ...any) bool {
			err = fmt.Errorf("x %s y at %v, x = %+v, y = %+v: %s", b.name, w.Width, x.Scalar, y.Scalar, fmt.Sprintf(format, args...))
			return false
		}
		if !x.Subsumes(gotX) || !y.Subsumes(gotY) || gotX.IsBottom() != gotY.IsBottom() {
			return fail("left are %+v, %+v", gotX, gotY)
		}
		if msg := w.judge(&t, gotX, left); msg != "" {
			return fail("x: %s", msg)
		}
		if msg := w.judge(&t, gotY, right); msg != "" {
			return fail("y: %s", msg)
		}
		switch got := b.decide(x.Scalar, y.Scalar); {
		case got == Never && left != 0, got == Always && !always:
			return fail("decided %v", got)
		case got == Maybe && (left == 0 || always):
			t.undecided++
		}
		return true
	})
	return t, err
}

// testWidths are machines that the operators are tested on: products of one width
// (the subregister is the register), and pairs of widths. TestPrecision is the test
// at (4,2).
var testWidths = []Width{{3, 3}, {3, 2}, {4, 4}, {5, 2}, {6, 3}}

func TestOperators(t *testing.T) {
	t.Logf("-seed=%d", *seed)
	for _, width := range testWidths {
		w := worldOf(width)
		for _, f := range formsOf(width) {
			if _, err := w.measure(f, w.inputs(f)); err != nil {
				t.Error(err)
			}
		}
	}
}

func (w *world) inputs(f form) visitor {
	if f.unary {
		return w.single
	}
	return w.pairs
}

func TestConditions(t *testing.T) {
	t.Logf("-seed=%d", *seed)
	for _, width := range testWidths {
		w := worldOf(width)
		for _, b := range branchesOf(width) {
			if _, err := w.measureBranch(b, w.pairs); err != nil {
				t.Error(err)
			}
		}
	}
}

// TestBottom: nothing comes of nothing.
func TestBottom(t *testing.T) {
	w := W64
	for _, x := range benchScalars {
		for _, f := range formsOf(w) {
			if !f.unary && f.name != "mov" && f.name != "mov32" {
				if got := f.apply(x, Bottom()); got != Bottom() {
					t.Errorf("%s of %v and bottom is %v", f.name, x, got)
				}
			}
			if got := f.apply(Bottom(), Bottom()); got != Bottom() {
				t.Errorf("%s of bottom is %v", f.name, got)
			}
		}
		for _, b := range branchesOf(w) {
			for _, p := range [][2]Scalar{{x, Bottom()}, {Bottom(), x}, {Bottom(), Bottom()}} {
				left, right := b.refine(p[0], p[1])
				if left != Bottom() || right != Bottom() || b.decide(p[0], p[1]) != Never {
					t.Errorf("%v %s %v holds", p[0], b.name, p[1])
				}
			}
		}
		if x.Join(Bottom()) != x || Bottom().Join(x) != x || w.Meet(x, Bottom()) != Bottom() ||
			!x.Subsumes(Bottom()) || Bottom().Subsumes(x) {
			t.Errorf("bottom is not below %v", x)
		}
	}
}
