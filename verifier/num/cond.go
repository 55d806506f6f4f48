package num

import "github.com/lockstep-ebpf/lockstep/internal/mutant"

// Cond is a condition of a conditional jump (RFC 9669 section 4.3), or its negation.
type Cond uint8

// The conditions, each beside its negation.
const (
	Eq Cond = iota
	Ne
	Ugt
	Ule
	Uge
	Ult
	Sgt
	Sle
	Sge
	Slt
	Set   // x & y ≠ 0
	Unset // x & y = 0: JSET that does not jump
)

// Conds is how many conditions there are.
const Conds = Unset + 1

var condNames = [Conds]string{"==", "!=", ">", "<=", ">=", "<", "s>", "s<=", "s>=", "s<", "&", "!&"}

// String is the condition's sign.
func (c Cond) String() string {
	if c < Conds {
		return condNames[c]
	}
	return "cond?"
}

// Not is the condition that holds when c does not.
func (c Cond) Not() Cond { return c ^ 1 }

// mirror is the condition with its operands exchanged.
func (c Cond) mirror() Cond {
	switch c {
	case Ugt, Sgt:
		return c + 3 // Ult, Slt
	case Ult, Slt:
		return c - 3
	case Ule, Sle:
		return c + 1 // Uge, Sge
	case Uge, Sge:
		return c - 1
	}
	return c
}

// Outcome says how a condition turns out.
type Outcome uint8

// What can be known of a condition. Between operands of which one is Bottom it never
// holds, and neither does its negation.
const (
	Maybe Outcome = iota
	Never
	Always
)

// Decide says whether "x c y" always or never holds between members of x and y.
func (w Width) Decide(c Cond, x, y Scalar) Outcome {
	a, b := w.factOf(&x, w.Reg), w.factOf(&y, w.Reg)
	return decide(c, &a, &b, func(c Cond) bool {
		left, _ := w.Refine(c, x, y)
		return !left.IsBottom()
	})
}

// Decide32 does so for the subregisters.
func (w Width) Decide32(c Cond, x, y Scalar) Outcome {
	if mutant.On(mutant.NumJmp32DecidedWhole) {
		return w.Decide(c, x, y)
	}
	a, b := w.factOf(&x, w.Sub), w.factOf(&y, w.Sub)
	return decide(c, &a, &b, func(c Cond) bool {
		left, _ := w.Refine32(c, x, y)
		return !left.IsBottom()
	})
}

func decide(c Cond, a, b *fact, refines func(Cond) bool) Outcome {
	if a.u.IsBottom() || b.u.IsBottom() || !can(c, a, b, refines) {
		return Never
	}
	if !can(c.Not(), a, b, refines) {
		return Always
	}
	return Maybe
}

// can reports whether "a c b" holds for some members. The ends of a range are members,
// and a bit that may be set is set in one, so most answers are exact and cheap.
func can(c Cond, a, b *fact, refines func(Cond) bool) bool {
	switch c {
	case Ne:
		return !a.bits.IsConst() || a.bits != b.bits
	case Ult:
		return a.u.Min < b.u.Max
	case Ule:
		return a.u.Min <= b.u.Max
	case Slt:
		return a.s.Min < b.s.Max
	case Sle:
		if mutant.On(mutant.NumJSLEStrict) {
			return a.s.Min < b.s.Max
		}
		return a.s.Min <= b.s.Max
	case Ugt, Uge, Sgt, Sge:
		return can(c.mirror(), b, a, refines)
	case Set:
		return a.bits.possible()&b.bits.possible() != 0
	}
	return refines(c) // Eq and Unset need a meet
}

// Refine is what is left of x and y where "x c y" holds: class JMP. Both are Bottom
// if it cannot hold.
func (w Width) Refine(c Cond, x, y Scalar) (Scalar, Scalar) {
	if c == Eq {
		both := w.Meet(x, y)
		return both, both
	}
	a, b := w.factOf(&x, w.Reg), w.factOf(&y, w.Reg)
	if !refine(c, &a, &b, w.Reg) {
		return Bottom(), Bottom()
	}
	x = w.Normalise(Scalar{a.bits, a.u, a.s, x.U32, x.S32})
	y = w.Normalise(Scalar{b.bits, b.u, b.s, y.U32, y.S32})
	return orBottom(x, y)
}

// Refine32 is what is left of x and y where "x c y" holds between their
// subregisters: class JMP32.
func (w Width) Refine32(c Cond, x, y Scalar) (Scalar, Scalar) {
	if mutant.On(mutant.NumJeq32SetsWhole) && c == Eq {
		return w.Refine(c, x, y)
	}
	a, b := w.factOf(&x, w.Sub), w.factOf(&y, w.Sub)
	if mutant.On(mutant.NumJmp32CutBounds) {
		a.u = Unsigned{x.U.Min & ones(w.Sub), x.U.Max & ones(w.Sub)}
	}
	if !refine(c, &a, &b, w.Sub) {
		return Bottom(), Bottom()
	}
	return orBottom(w.withSub(x, a), w.withSub(y, b))
}

// withSub replaces what is known of the subregister.
func (w Width) withSub(x Scalar, f fact) Scalar {
	if f.bits.IsBottom() {
		return Bottom()
	}
	upper := ^ones(w.Sub)
	x.Bits = Tnum{x.Bits.Value&upper | f.bits.Value, x.Bits.Mask&upper | f.bits.Mask}
	x.U32, x.S32 = f.u, f.s
	return w.Normalise(x)
}

func orBottom(x, y Scalar) (Scalar, Scalar) {
	if x.IsBottom() || y.IsBottom() {
		return Bottom(), Bottom()
	}
	return x, y
}
