package num

import (
	"math/bits"

	"github.com/lockstep-ebpf/lockstep/internal/mutant"
)

// fact is what a condition sees of an operand, and improves: one word of a scalar.
type fact struct {
	bits Tnum
	u    Unsigned
	s    Signed
}

// factOf is the word of x that has n bits. If both have, they are the same.
func (w Width) factOf(x *Scalar, n uint) fact {
	if n == w.Reg {
		return fact{x.Bits, x.U, x.S}
	}
	return fact{x.Bits.low(w.Sub), x.U32, x.S32}
}

// refine leaves of a and b what can satisfy "a c b", and reports whether anything
// may be left. Ends that move onto numbers without the known bits are Normalise's.
func refine(c Cond, a, b *fact, n uint) bool {
	switch c {
	case Eq:
		*a = fact{a.bits.Meet(b.bits), a.u.Meet(b.u), a.s.Meet(b.s)}
		*b = *a
		return true
	case Ne:
		return a.exclude(*b, n) && b.exclude(*a, n)
	case Set:
		return common(a, b, n)
	case Unset:
		// A bit that the one has, the other has not.
		if mutant.On(mutant.NumUnsetPossible) {
			a.bits = a.bits.Meet(Tnum{Mask: ones(n) &^ b.bits.possible()})
		}
		a.bits = a.bits.Meet(Tnum{Mask: ones(n) &^ b.bits.Value})
		b.bits = b.bits.Meet(Tnum{Mask: ones(n) &^ a.bits.Value})
		return !a.bits.IsBottom() && !b.bits.IsBottom() && a.apart(b, n) && b.apart(a, n)
	case Ugt, Uge, Sgt, Sge:
		return refine(c.mirror(), b, a, n)
	case Ult:
		return less(&a.u, &b.u)
	case Ule:
		return notMore(&a.u, &b.u)
	case Slt:
		return less(&a.s, &b.s)
	case Sle:
		return notMore(&a.s, &b.s)
	}
	return true
}

func notMore[T uint64 | int64](a, b *Range[T]) bool {
	a.Max, b.Min = min(a.Max, b.Max), max(b.Min, a.Min)
	return a.Min <= a.Max && b.Min <= b.Max
}

func less[T uint64 | int64](a, b *Range[T]) bool {
	if a.Min >= b.Max {
		return false
	}
	a.Max, b.Min = min(a.Max, b.Max-1), max(b.Min, a.Min+1)
	return true
}

// exclude takes the value of b, if it is one, from the ends of f.
func (f *fact) exclude(b fact, n uint) bool {
	if !b.bits.IsConst() {
		return true
	}
	if f.bits == b.bits {
		return false
	}
	trim(&f.u, b.bits.Value)
	trim(&f.s, signed(b.bits.Value, n))
	return true
}

func trim[T uint64 | int64](r *Range[T], v T) {
	switch {
	case r.Min == r.Max: // Not v, or f would be v.
	case r.Min == v:
		r.Min++
	case r.Max == v:
		r.Max--
	}
}

// common leaves what has a set bit in common.
func common(a, b *fact, n uint) bool {
	shared := a.bits.possible() & b.bits.possible()
	if shared == 0 {
		return false
	}
	return a.require(shared, n) && b.require(shared, n)
}

// require leaves the numbers that have one of the bits, at least.
func (f *fact) require(mask uint64, n uint) bool {
	if mask&(mask-1) == 0 {
		f.bits = f.bits.Meet(Tnum{mask, ones(n) &^ mask})
	}
	bit := uint64(1) << bits.TrailingZeros64(mask)
	in := halves(f.u, f.s, n)
	out := segments{}
	for _, x := range in.at[:in.len] {
		if x.lo&mask == 0 { // the lowest of the bits is the nearest
			x.lo = (x.lo | bit) &^ (bit - 1)
		}
		if x.hi&mask == 0 {
			upper := x.hi &^ (2*bit - 1)
			if upper == 0 {
				continue
			}
			x.hi = upper - 1
		}
		out.push(x.lo, x.hi)
	}
	h := out.hull(n)
	f.u, f.s = h.u, h.s
	return out.len > 0
}

// apart leaves of f what can be disjoint, bit by bit, from a number in g. Disjoint
// numbers add up without a carry, so x ≤ 2ⁿ−1 − y; and only one has the sign bit.
func (f *fact) apart(g *fact, n uint) bool {
	xs, ys := halves(f.u, f.s, n), halves(g.u, g.s, n)
	out := segments{}
	for _, x := range xs.at[:xs.len] {
		most, fits := uint64(0), false
		for _, y := range ys.at[:ys.len] {
			if !x.isNeg(n) || !y.isNeg(n) {
				most, fits = max(most, ones(n)-y.lo), true
			}
		}
		if fits {
			out.push(x.lo, min(x.hi, most))
		}
	}
	h := out.hull(n)
	f.u, f.s = h.u, h.s
	return out.len > 0
}
