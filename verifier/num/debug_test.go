package num

import (
	"flag"
	"math/rand/v2"
	"testing"
)

var (
	only = flag.String("only", "", "")
	dw   = flag.Int("dw", 4, "")
	ds   = flag.Int("ds", 4, "")
)

func TestDebug(t *testing.T) {
	w := newWorld(Width{uint(*dw), uint(*ds)})
	all := everyOf(w)
	r := rand.New(rand.NewPCG(1, 1))
	for _, f := range formsOf(w.Width) {
		if f.name != *only {
			continue
		}
		var tt tally
		shown := 0
		for range 100000 {
			x, y := all[r.IntN(len(all))], all[r.IntN(len(all))]
			if f.unary {
				y = all[0]
			}
			var exact set
			for a := x.set; a != 0; a &= a - 1 {
				for b := y.set; b != 0; b &= b - 1 {
					exact |= 1 << f.eval(first(a), first(b))
				}
			}
			got := f.apply(x.Scalar, y.Scalar)
			if m := w.judge(&tt, got, exact); m != "" {
				t.Fatal(m)
			}
			if got != w.best(exact) && shown < 25 {
				shown++
				t.Logf("x=%v (%0*b)\n y=%v (%b)\n got %v\nwant %v exact %b", x.Scalar, *dw, x.set, y.Scalar, y.set, got, w.best(exact), exact)
			}
		}
		t.Log(f.name, tt.share(), tt.mean())
	}
}
