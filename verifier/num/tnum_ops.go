package num

import (
	"math/bits"

	"github.com/lockstep-ebpf/lockstep/internal/mutant"
)

// The operators of tristate numbers. Each result has n bits, as its operands do.
// All but mul give the best tnum there is.

// add: a bit of the sum is unknown if it is in an operand, or if the carry into it
// depends on unknown bits. Carries grow with the operands, so it is enough to
// compare those of the least sum with those of the greatest.
func (t Tnum) add(o Tnum, n uint) Tnum {
	least, most := t.Value+o.Value, t.possible()+o.possible()
	carries := (least ^ t.Value ^ o.Value) ^ (most ^ t.possible() ^ o.possible())
	if mutant.On(mutant.NumTnumAddDropsCarries) {
		carries = 0
	}
	mask := (t.Mask | o.Mask | carries) & ones(n)
	return Tnum{least & ones(n) &^ mask, mask}
}

// sub: likewise with borrows, which are fewest when much is taken away from least.
func (t Tnum) sub(o Tnum, n uint) Tnum {
	least, most := t.Value-o.possible(), t.possible()-o.Value
	borrows := (least ^ t.Value ^ o.possible()) ^ (most ^ t.possible() ^ o.Value)
	mask := (t.Mask | o.Mask | borrows) & ones(n)
	return Tnum{least & ones(n) &^ mask, mask}
}

// mul is long multiplication: for each bit of t that is set, o is added at its
// place; for each that may be set, the sum goes on both with it and without it. It is
// neither the best there is nor monotone: fewer unknown bits may exchange t and o.
func (t Tnum) mul(o Tnum, n uint) Tnum {
	if bits.OnesCount64(o.possible()) < bits.OnesCount64(t.possible()) {
		t, o = o, t
	}
	var sum Tnum
	for t.possible() != 0 && o.possible() != 0 {
		if skip := uint(bits.TrailingZeros64(t.possible())); skip > 0 {
			t, o = t.rsh(skip), o.lsh(skip, n)
			continue
		}
		with := sum.add(o, n)
		if t.Value&1 == 0 {
			with = sum.Join(with)
		}
		sum = with
		t, o = t.rsh(1), o.lsh(1, n)
	}
	return sum
}

func (t Tnum) and(o Tnum) Tnum {
	value := t.Value & o.Value
	return Tnum{value, t.possible() & o.possible() &^ value}
}

func (t Tnum) or(o Tnum) Tnum {
	value := t.Value | o.Value
	return Tnum{value, (t.Mask | o.Mask) &^ value}
}

func (t Tnum) xor(o Tnum) Tnum {
	mask := t.Mask | o.Mask
	return Tnum{(t.Value ^ o.Value) &^ mask, mask}
}

// lsh, rsh and arsh shift by a known count.
func (t Tnum) lsh(k, n uint) Tnum { return Tnum{t.Value << k, t.Mask << k}.low(n) }

func (t Tnum) rsh(k uint) Tnum { return Tnum{t.Value >> k, t.Mask >> k} }

// arsh copies the sign, known or not, downwards.
func (t Tnum) arsh(k, n uint) Tnum {
	return Tnum{uint64(signed(t.Value, n) >> k), uint64(signed(t.Mask, n) >> k)}.low(n)
}

// sext widens n bits to m with the sign, known or not.
func (t Tnum) sext(n, m uint) Tnum {
	return Tnum{uint64(signed(t.Value, n)), uint64(signed(t.Mask, n))}.low(m)
}

// swap reverses the units (bytes) of n bits.
func (t Tnum) swap(n, unit uint) Tnum {
	return Tnum{reverse(t.Value, n, unit), reverse(t.Mask, n, unit)}
}

// reverse turns the whole units of an n-bit number round. What is left over at the
// top, at widths that are no multiple of the unit, stays.
func reverse(v uint64, n, unit uint) uint64 {
	if unit == 8 && n%8 == 0 {
		return bits.ReverseBytes64(v) >> (64 - n)
	}
	whole := n - n%unit
	out := v >> whole << whole
	for at := uint(0); at < whole; at += unit {
		out |= v >> at & ones(unit) << (whole - unit - at)
	}
	return out
}
