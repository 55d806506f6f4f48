package num

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

// pairs calls f for pairs of scalars of w: for all if there are few, for a share
// spread evenly if there are many (all with -long), for random ones if the scalars
// themselves are too many to list.
func (w *world) pairs(f func(x, y *abstract) bool) {
	if w.Reg > 4 {
		r := rand.New(rand.NewPCG(*seed, uint64(w.Reg)))
		n := 4000
		if *long {
			n *= 50
		}
		for range n {
			x, y := w.random(r), w.random(r)
			if !f(&x, &y) {
				return
			}
		}
		return
	}
	all := everyOf(w)
	step := 1
	if w.Reg == 4 && !*long {
		step = 37
	}
	for i := range all {
		for j := i % step; j < len(all); j += step {
			if !f(&all[i], &all[j]) {
				return
			}
		}
	}
}

// single calls f for every scalar of w, or for random ones.
func (w *world) single(f func(x, y *abstract) bool) {
	if w.Reg > 4 {
		w.pairs(f)
		return
	}
	all := everyOf(w)
	for i := range all {
		if !f(&all[i], &all[0]) {
			return
		}
	}
}

// tally says how good an operator is.
type tally struct {
	inputs, best int
	excess       float64 // sum of log2 (members of the result / of the best one)
}

func (t *tally) share() float64 { return float64(t.best) / float64(t.inputs) }
func (t *tally) mean() float64  { return t.excess / float64(t.inputs) }

// judge compares got, what an operator said, with the exact set of outcomes. It
// returns a message if got misses one or is not normal.
func (w *world) judge(t *tally, got Scalar, exact set) string {
	has := w.members(got)
	if lost := exact &^ has; lost != 0 {
		return fmt.Sprintf("%v lacks %d", got, first(lost))
	}
	if normal := w.best(has); got != normal {
		return fmt.Sprintf("%+v is not normal: %+v has the same members", got, normal)
	}
	t.inputs++
	best := w.best(exact)
	if got == best {
		t.best++
		return ""
	}
	if best.IsBottom() { // as far off as one member too many
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

// measure judges one form. It stops at the first mistake.
func (w *world) measure(f form) (t tally, err error) {
	value := w.table(f.eval)
	visit := w.pairs
	if f.unary {
		visit = w.single
	}
	visit(func(x, y *abstract) bool {
		ys := y.set
		if f.unary {
			ys = 1
		}
		var exact set
		for a := x.set; a != 0; a &= a - 1 {
			row := &value[first(a)]
			for b := ys; b != 0; b &= b - 1 {
				exact |= 1 << row[first(b)]
			}
		}
		if msg := w.judge(&t, f.apply(x.Scalar, y.Scalar), exact); msg != "" {
			err = fmt.Errorf("%s at %v of x = %v, y = %v: %s", f.name, w.Width, x.Scalar, y.Scalar, msg)
		}
		return err == nil
	})
	return t, err
}

// measureBranch judges a condition: what is left of both sides, and the decision.
func (w *world) measureBranch(b branch) (t tally, err error) {
	var holds, mirror [64]set
	for x := range w.size {
		for y := range w.size {
			if b.eval(x, y) {
				holds[x] |= 1 << y
				mirror[y] |= 1 << x
			}
		}
	}
	w.pairs(func(x, y *abstract) bool {
		var left, right set
		always := true
		for a := x.set; a != 0; a &= a - 1 {
			if holds[first(a)]&y.set != 0 {
				left |= 1 << first(a)
			}
			always = always && holds[first(a)]&y.set == y.set
		}
		for a := y.set; a != 0; a &= a - 1 {
			if mirror[first(a)]&x.set != 0 {
				right |= 1 << first(a)
			}
		}
		gotX, gotY := b.refine(x.Scalar, y.Scalar)
		fail := func(format string, args ...any) bool {
			err = fmt.Errorf("x %s y at %v, x = %v, y = %v: %s", b.name, w.Width, x.Scalar, y.Scalar, fmt.Sprintf(format, args...))
			return false
		}
		if !x.Subsumes(gotX) || !y.Subsumes(gotY) {
			return fail("%v, %v: grew", gotX, gotY)
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
		}
		return true
	})
	return t, err
}

// worlds are the machines that the operators are tested on: products of one width
// (the subregister is the register), and pairs of widths.
var worlds = []Width{{3, 3}, {3, 2}, {4, 4}, {4, 2}, {6, 3}}

func TestOperators(t *testing.T) {
	t.Logf("-seed=%d", *seed)
	for _, width := range worlds {
		w := newWorld(width)
		for _, f := range formsOf(width) {
			if _, err := w.measure(f); err != nil {
				t.Error(err)
			}
		}
	}
}

func TestConditions(t *testing.T) {
	t.Logf("-seed=%d", *seed)
	for _, width := range worlds {
		w := newWorld(width)
		for _, b := range branchesOf(width) {
			if _, err := w.measureBranch(b); err != nil {
				t.Error(err)
			}
		}
	}
}
