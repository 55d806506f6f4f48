package num

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/leanovate/gopter"
	"github.com/leanovate/gopter/gen"
	"github.com/leanovate/gopter/prop"
)

// sample is random scalars of a machine of any width, each with some of its members.
type sample struct {
	w      Width
	x, y   Scalar
	xs, ys []uint64
	r      *rand.Rand
}

// sampleOf draws a sample.
func sampleOf(r *rand.Rand) sample {
	s := sample{w: W64, r: r}
	if r.IntN(3) == 0 { // anything odd, now and then
		s.w.Reg = 1 + r.UintN(64)
		s.w.Sub = 1 + r.UintN(s.w.Reg)
	}
	s.x = randomScalar(r, s.w)
	s.y = randomScalar(r, s.w)
	s.xs, s.ys = someMembers(r, s.w, s.x), someMembers(r, s.w, s.y)
	return s
}

func (s *sample) String() string {
	return fmt.Sprintf("%v\n x = %+v\n y = %+v", s.w, s.x, s.y)
}

// randomNumber is small, near a power of two, near the top, or anything.
func randomNumber(r *rand.Rand, n uint) uint64 {
	v := r.Uint64() >> r.IntN(64)
	switch r.IntN(4) {
	case 0:
		v = uint64(r.IntN(40))
	case 1:
		v = 1<<r.IntN(64) + uint64(r.IntN(5)) - 2
	case 2:
		v = -v
	}
	return v & ones(n)
}

// randomScalar is parts that have a number in common, made normal, or a join.
func randomScalar(r *rand.Rand, w Width) Scalar {
	v := randomNumber(r, w.Reg)
	x := w.Unknown()
	around := func(n uint) (lo, hi uint64) {
		a, b := randomNumber(r, n), randomNumber(r, n)
		return min(a, v&ones(n)), max(b, v&ones(n))
	}
	if r.IntN(2) == 0 {
		mask := randomNumber(r, w.Reg)
		mask |= randomNumber(r, w.Reg)
		x.Bits = Tnum{v &^ mask, mask}
	}
	if r.IntN(2) == 0 {
		x.U.Min, x.U.Max = around(w.Reg)
	}
	if r.IntN(2) == 0 {
		x.U32.Min, x.U32.Max = around(w.Sub)
	}
	signedAround := func(n uint) Signed {
		a, b := signed(randomNumber(r, n), n), signed(randomNumber(r, n), n)
		return Signed{min(a, signed(v, n)), max(b, signed(v, n))}
	}
	if r.IntN(2) == 0 {
		x.S = signedAround(w.Reg)
	}
	if r.IntN(2) == 0 {
		x.S32 = signedAround(w.Sub)
	}
	x = w.Normalise(x)
	switch r.IntN(8) {
	case 0:
		return w.Const(v)
	case 1:
		return x.Join(w.Const(randomNumber(r, w.Reg)))
	}
	return x
}

// someMembers are the ends of x, and what random numbers with its bits happen to be in.
func someMembers(r *rand.Rand, w Width, x Scalar) []uint64 {
	out := []uint64{x.U.Min, x.U.Max, uint64(x.S.Min) & ones(w.Reg), uint64(x.S.Max) & ones(w.Reg)}
	for range 8 {
		v := x.Bits.Value | r.Uint64()&x.Bits.Mask
		if span := x.U.Max - x.U.Min; span+1 != 0 && r.IntN(2) == 0 {
			v = x.U.Min + r.Uint64()%(span+1)
		}
		if w.Contains(x, v) {
			out = append(out, v)
		}
	}
	return out
}

// TestLaws checks, at 64 and at other widths, on random members of random scalars, what
// the exhaustive tests check on all of small machines.
func TestLaws(t *testing.T) {
	t.Logf("-seed=%d", *seed)
	params := gopter.DefaultTestParametersWithSeed(int64(*seed))
	params.MinSuccessfulTests = 2000
	if *long {
		params.MinSuccessfulTests *= 100
	}
	laws := gopter.NewProperties(params)
	law := func(name string, holds func(s *sample) string) {
		laws.Property(name, prop.ForAll(func(seed uint64) string {
			s := sampleOf(rand.New(rand.NewPCG(seed, 0)))
			if msg := holds(&s); msg != "" {
				return msg + " at " + s.String()
			}
			return ""
		}, gen.UInt64()))
	}
	law("parts are tight", lawTight)
	law("join and meet", lawLattice)
	law("operators are sound", lawSound)
	law("constants stay constants", lawConstants)
	law("operators are monotone", lawMonotone)
	law("conditions are sound", lawConditions)
	laws.TestingRun(t)
}

// lawTight: the ends of each part belong to members, each unknown bit can be both.
func lawTight(s *sample) string {
	w, x := s.w, s.x
	if w.Normalise(x) != x {
		return "Normalise changes what is normal"
	}
	for i, v := range s.xs[:4] {
		if !w.Contains(x, v) {
			return fmt.Sprintf("end %d, %#x, is no member", i, v)
		}
	}
	with := func(change func(y *Scalar)) bool {
		y := w.Unknown()
		change(&y)
		return !w.Meet(x, y).IsBottom()
	}
	for _, v := range []uint64{x.U32.Min, x.U32.Max} {
		if !with(func(y *Scalar) { y.U32 = Unsigned{v, v} }) {
			return fmt.Sprintf("no member has the subregister %#x", v)
		}
	}
	for _, v := range []int64{x.S32.Min, x.S32.Max} {
		if !with(func(y *Scalar) { y.S32 = Signed{v, v} }) {
			return fmt.Sprintf("no member has the subregister %d", v)
		}
	}
	for b := range w.Reg {
		bit := uint64(1) << b
		for _, v := range []uint64{0, bit} {
			possible := with(func(y *Scalar) { y.Bits = Tnum{v, ones(w.Reg) &^ bit} })
			if want := x.Bits.Mask&bit != 0 || x.Bits.Value&bit == v; possible != want {
				return fmt.Sprintf("bit %d can be %#x: %v", b, v, possible)
			}
		}
	}
	return ""
}

func lawLattice(s *sample) string {
	w, join, meet := s.w, s.x.Join(s.y), s.w.Meet(s.x, s.y)
	switch {
	case !join.Subsumes(s.x) || !join.Subsumes(s.y) || w.Normalise(join) != join:
		return "join"
	case !s.x.Subsumes(meet) || !s.y.Subsumes(meet) || w.Normalise(meet) != meet:
		return "meet"
	case s.x.Subsumes(s.y) != (join == s.x) || s.x.Subsumes(s.y) != (meet == s.y):
		return "the order is not that of join and meet"
	}
	for _, v := range append(s.xs, s.ys...) {
		inX, inY := w.Contains(s.x, v), w.Contains(s.y, v)
		if !w.Contains(join, v) || w.Contains(meet, v) != (inX && inY) {
			return fmt.Sprintf("%#x", v)
		}
	}
	return ""
}

// some calls f with a few of the forms, or conditions: all of them would take long.
func some[T any](r *rand.Rand, all []T, f func(T) string) string {
	for range 8 {
		if msg := f(all[r.IntN(len(all))]); msg != "" {
			return msg
		}
	}
	return ""
}

func lawSound(s *sample) string { return some(s.r, formsOf(s.w), s.sound) }

func (s *sample) sound(f form) string {
	got := f.apply(s.x, s.y)
	if s.w.Normalise(got) != got {
		return f.name + " is not normal"
	}
	for _, x := range s.xs {
		for _, y := range s.ys {
			if want := f.eval(x, y); !s.w.Contains(got, want) {
				return fmt.Sprintf("%s is %+v, lacks %#x of %#x and %#x", f.name, got, want, x, y)
			}
		}
	}
	return ""
}

func lawConstants(s *sample) string { return some(s.r, formsOf(s.w), s.constant) }

func (s *sample) constant(f form) string {
	x, y := s.xs[0], s.ys[0]
	if got, want := f.apply(s.w.Const(x), s.w.Const(y)), s.w.Const(f.eval(x, y)); got != want {
		return fmt.Sprintf("%s of %#x and %#x is %+v, want %+v", f.name, x, y, got, want)
	}
	return ""
}

func lawMonotone(s *sample) string { return some(s.r, formsOf(s.w), s.monotone) }

func (s *sample) monotone(f form) string {
	if !f.isMonotone() {
		return ""
	}
	wide := s.x.Join(randomScalar(s.r, s.w))
	if more, less := f.apply(s.x, s.y), f.apply(wide, s.y); !less.Subsumes(more) {
		return fmt.Sprintf("%s of x is %+v, but of %+v it is %+v", f.name, more, wide, less)
	}
	return ""
}

func lawConditions(s *sample) string { return some(s.r, branchesOf(s.w), s.branch) }

func (s *sample) branch(b branch) string {
	left, right := b.refine(s.x, s.y)
	outcome := b.decide(s.x, s.y)
	if !s.x.Subsumes(left) || !s.y.Subsumes(right) || left.IsBottom() != right.IsBottom() {
		return fmt.Sprintf("%s leaves %+v, %+v", b.name, left, right)
	}
	for _, x := range s.xs {
		for _, y := range s.ys {
			holds := b.eval(x, y)
			lost := !s.w.Contains(left, x) || !s.w.Contains(right, y)
			if holds && (outcome == Never || lost) || !holds && outcome == Always {
				return fmt.Sprintf("%#x %s %#x: decided %v, left %+v, %+v", x, b.name, y, outcome, left, right)
			}
		}
	}
	return ""
}

// TestNonsense: scalars that are not normal, or contradict themselves, are a caller's
// mistake; answers are worth nothing then, but there are answers.
func TestNonsense(t *testing.T) {
	t.Logf("-seed=%d", *seed)
	r := rand.New(rand.NewPCG(*seed, 3))
	nonsense := func() Scalar {
		return Scalar{
			Tnum{randomNumber(r, 64), randomNumber(r, 64)},
			Unsigned{randomNumber(r, 64), randomNumber(r, 64)},
			Signed{int64(randomNumber(r, 64)), int64(randomNumber(r, 64))},
			Unsigned{randomNumber(r, 64), randomNumber(r, 64)},
			Signed{int64(randomNumber(r, 64)), int64(randomNumber(r, 64))},
		}
	}
	for range 2000 {
		x, y := nonsense(), nonsense()
		_ = x.String()
		W64.Normalise(x)
		for range 4 {
			f := formsOf(W64)
			f[r.IntN(len(f))].apply(x, y)
			b := branchesOf(W64)
			b[r.IntN(len(b))].decide(x, y)
		}
	}
}
