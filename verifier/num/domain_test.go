package num

import (
	"fmt"
	"strings"
	"testing"
)

// The single domains, at 6 bits: all tnums, all ranges, with operators that see
// nothing else.

// tnumOps are the operators on tnums, and the part of the result that they promise.
var tnumOps = []struct {
	name  string
	apply func(a, b Tnum, n uint) Tnum
	eval  func(x, y uint64, n uint) uint64
	best  bool
}{
	{"add", Tnum.add, evalAs(Add), true},
	{"sub", Tnum.sub, evalAs(Sub), true},
	{"mul", Tnum.mul, evalAs(Mul), false},
	{"and", func(a, b Tnum, _ uint) Tnum { return a.and(b) }, evalAs(And), true},
	{"or", func(a, b Tnum, _ uint) Tnum { return a.or(b) }, evalAs(Or), true},
	{"xor", func(a, b Tnum, _ uint) Tnum { return a.xor(b) }, evalAs(Xor), true},
	{"mod", func(a, b Tnum, n uint) Tnum { return remainderBits(a, b, n) }, evalAs(Mod), false},
	{"smod", func(a, b Tnum, n uint) Tnum { return remainderBits(a, b, n) }, evalAs(Smod), false},
	{"sdiv", func(a, b Tnum, n uint) Tnum { return signedQuotientBits(a, b, n) }, evalAs(Sdiv), false},
}

func evalAs(op Op) func(x, y uint64, n uint) uint64 {
	return func(x, y uint64, n uint) uint64 { return evalOp(op, x, y, n) }
}

func TestTnumOperators(t *testing.T) {
	w := worldOf(Width{6, 6})
	tnums := w.sortedTnums()
	var out strings.Builder
	for _, op := range tnumOps {
		value := w.table(func(x, y uint64) uint64 { return op.eval(x, y, w.Reg) })
		best, inputs := 0, 0
		for _, b := range tnums {
			var row [64]set
			for x := range row {
				for ys := w.tnums[b]; ys != 0; ys &= ys - 1 {
					row[x] |= 1 << value[x][first(ys)]
				}
			}
			for _, a := range tnums {
				var exact set
				for xs := w.tnums[a]; xs != 0; xs &= xs - 1 {
					exact |= row[first(xs)]
				}
				got := op.apply(a, b, w.Reg)
				if exact&^w.tnums[got] != 0 {
					t.Fatalf("%s of %v and %v is %v: lacks %d", op.name, a, b, got, first(exact&^w.tnums[got]))
				}
				inputs++
				if got == w.tnumOf(exact) {
					best++
				} else if op.best {
					t.Fatalf("%s of %v and %v is %v, want %v", op.name, a, b, got, w.tnumOf(exact))
				}
			}
		}
		fmt.Fprintf(&out, "%-6s %6d pairs, best %6.2f%%\n", op.name, inputs, 100*float64(best)/float64(inputs))
	}
	t.Logf("tnums of 6 bits\n%s", out.String())
}

// sortedTnums are all tnums, in order.
func (w *world) sortedTnums() (out []Tnum) {
	for mask := range w.size {
		for value := range w.size {
			if value&mask == 0 {
				out = append(out, Tnum{value, mask})
			}
		}
	}
	return out
}

// tnumOf is the best tnum of a set.
func (w *world) tnumOf(a set) (t Tnum) {
	for b, have := range w.bitSets {
		switch {
		case a&have == a:
			t.Value |= 1 << b
		case a&have != 0:
			t.Mask |= 1 << b
		}
	}
	return t
}

// TestTnumLattice: next, prev and between, join, meet and the order, for all pairs.
func TestTnumLattice(t *testing.T) {
	w := worldOf(Width{6, 6})
	tnums := w.sortedTnums()
	for _, a := range tnums {
		as := w.tnums[a]
		for x := range w.size {
			above, below := as&(^set(0)<<x), as&interval(0, x)
			if got, ok := a.next(x); ok != (above != 0) || ok && got != first(above) {
				t.Fatalf("%v: next(%d) = %d, %v", a, x, got, ok)
			}
			if got, ok := a.prev(x); ok != (below != 0) || ok && got != last(below) {
				t.Fatalf("%v: prev(%d) = %d, %v", a, x, got, ok)
			}
			if a.Contains(x) != (as>>x&1 == 1) {
				t.Fatalf("%v contains %d: %v", a, x, a.Contains(x))
			}
		}
		for lo := as; lo != 0; lo &= lo - 1 {
			for hi := lo; hi != 0; hi &= hi - 1 {
				want := w.tnumOf(as & interval(first(lo), first(hi)))
				if got := a.between(first(lo), first(hi)); got != want {
					t.Fatalf("%v between %d and %d: %v, want %v", a, first(lo), first(hi), got, want)
				}
			}
		}
		for _, b := range tnums {
			bs := w.tnums[b]
			if got, want := a.Join(b), w.tnumOf(as|bs); got != want {
				t.Fatalf("%v join %v = %v, want %v", a, b, got, want)
			}
			got := a.Meet(b)
			if got.IsBottom() != (as&bs == 0) || !got.IsBottom() && w.tnums[got] != as&bs {
				t.Fatalf("%v meet %v = %v", a, b, got)
			}
			if a.Subsumes(b) != (bs&^as == 0) {
				t.Fatalf("%v subsumes %v: %v", a, b, a.Subsumes(b))
			}
		}
	}
}

// TestRangeOperators gives the operators words of which only an unsigned, or only a
// signed range is known. All but three give the best ranges then.
func TestRangeOperators(t *testing.T) {
	var out strings.Builder
	for op := Add; op <= Xor; op++ {
		for _, unsigned := range []bool{true, false} {
			inputs, best, msg := rangeOperator(op, unsigned, 6)
			if msg != "" {
				t.Fatal(msg)
			}
			if best < inputs && op != Mul && op != Mod && op != Smod {
				t.Errorf("%v: %d of %d results are not the best", op, inputs-best, inputs)
			}
			kind := "signed"
			if unsigned {
				kind = "unsigned"
			}
			fmt.Fprintf(&out, "%-5s %-8s %8d pairs, best %6.2f%%\n", op, kind, inputs, 100*float64(best)/float64(inputs))
		}
	}
	t.Logf("ranges of 6 bits\n%s", out.String())
}

// rangeOperator applies op to all pairs of ranges, or without -long to a share of
// them, evenly spread: places in the order of numbers, lo to hi and c to d.
func rangeOperator(op Op, unsigned bool, n uint) (inputs, best int, msg string) {
	w := worldOf(Width{n, n})
	value := w.table(func(x, y uint64) uint64 { return evalOp(op, x, y, n) })
	half := w.size / 2
	at := func(place uint64) uint64 { return place }
	wordOf := func(lo, hi uint64) word {
		return word{anyTnum(n), halves(Unsigned{lo, hi}, anySigned(n), n)}
	}
	if !unsigned {
		at = func(place uint64) uint64 { return (place + half) % w.size }
		wordOf = func(lo, hi uint64) word {
			s := Signed{int64(lo) - int64(half), int64(hi) - int64(half)}
			return word{anyTnum(n), halves(anyUnsigned(n), s, n)}
		}
	}
	step := uint64(16)
	if *long {
		step = 1
	}
	for c := range w.size {
		var row [64]set
		for d := c; d < w.size; d++ {
			for x := range w.size {
				row[x] |= 1 << value[at(x)][at(d)]
			}
			b := wordOf(c, d)
			for lo := (c + d) % step; lo < w.size; lo += step {
				var exact set
				for hi := lo; hi < w.size; hi++ {
					exact |= row[hi]
					a, r := wordOf(lo, hi), nothing()
					apply(op, &r, &a, &b, n)
					inputs++
					u, s := w.ranges(exact, n)
					if r.u == u && r.s == s {
						best++
					} else if !r.u.Subsumes(u) || !r.s.Subsumes(s) {
						return inputs, best, fmt.Sprintf("%v, places %d to %d and %d to %d: %v %v, want %v %v",
							op, lo, hi, c, d, r.u, r.s, u, s)
					}
				}
			}
		}
	}
	return inputs, best, ""
}

// TestLattice: join, meet, the order and equality of scalars are those of their sets.
func TestLattice(t *testing.T) {
	for _, width := range []Width{{3, 3}, {3, 2}, {4, 2}} {
		w := worldOf(width)
		w.pairs(func(x, y *abstract) bool {
			switch {
			case x.Join(y.Scalar) != w.best(x.set|y.set):
				t.Errorf("%v: %+v join %+v is %+v", width, x.Scalar, y.Scalar, x.Join(y.Scalar))
			case w.Meet(x.Scalar, y.Scalar) != w.best(x.set&y.set):
				t.Errorf("%v: %+v meet %+v is %+v", width, x.Scalar, y.Scalar, w.Meet(x.Scalar, y.Scalar))
			case x.Subsumes(y.Scalar) != (y.set&^x.set == 0):
				t.Errorf("%v: %+v subsumes %+v: %v", width, x.Scalar, y.Scalar, x.Subsumes(y.Scalar))
			case (x.Scalar == y.Scalar) != (x.set == y.set):
				t.Errorf("%v: %+v equals %+v", width, x.Scalar, y.Scalar)
			}
			return !t.Failed()
		})
	}
}

// TestMonotone: who knows more of an operand knows no less of the result.
func TestMonotone(t *testing.T) {
	w := worldOf(Width{3, 2})
	all := everyOf(w)
	step := 23
	if *long {
		step = 1
	}
	for _, f := range formsOf(w.Width) {
		if !f.isMonotone() {
			continue
		}
		for i, x := range all {
			for j, wide := range all {
				if x.set&^wide.set != 0 {
					continue
				}
				for k := (i + j) % step; k < len(all); k += step {
					y := all[k].Scalar
					if !f.apply(wide.Scalar, y).Subsumes(f.apply(x.Scalar, y)) || !f.apply(y, wide.Scalar).Subsumes(f.apply(y, x.Scalar)) {
						t.Fatalf("%s at %v knows less of %+v than of %+v, with %+v", f.name, w.Width, x.Scalar, wide.Scalar, y)
					}
				}
			}
		}
	}
}
