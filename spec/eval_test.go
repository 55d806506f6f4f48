package spec

import (
	"fmt"
	"math/big"
	"testing"
)

// reference states an operator over the integers, bit by bit or with math/big, and
// knows nothing of Go's machine words.
type reference struct{ n uint }

func (r reference) unsigned(v uint64) *big.Int { return new(big.Int).SetUint64(v) }

func (r reference) signed(v uint64) *big.Int {
	x := r.unsigned(v)
	if x.Bit(int(r.n-1)) == 1 {
		x.Sub(x, new(big.Int).Lsh(big.NewInt(1), r.n))
	}
	return x
}

// wrap brings an integer back to n bits.
func (r reference) wrap(x *big.Int) uint64 {
	return new(big.Int).Mod(x, new(big.Int).Lsh(big.NewInt(1), r.n)).Uint64()
}

// bitwise builds a result from its bits.
func (r reference) bitwise(x, y uint64, f func(a, b uint64) uint64) (out uint64) {
	for i := range r.n {
		out |= f(x>>i&1, y>>i&1) << i
	}
	return out
}

// binary is false where the operator has no value.
func (r reference) binary(op BinaryOp, x, y uint64) (uint64, bool) {
	ux, uy, sx, sy := r.unsigned(x), r.unsigned(y), r.signed(x), r.signed(y)
	z := new(big.Int)
	count := uint(y % uint64(r.n))
	switch op {
	case Add:
		return r.wrap(z.Add(ux, uy)), true
	case Sub:
		return r.wrap(z.Sub(ux, uy)), true
	case Mul:
		return r.wrap(z.Mul(ux, uy)), true
	case And:
		return r.bitwise(x, y, func(a, b uint64) uint64 { return a * b }), true
	case Or:
		return r.bitwise(x, y, func(a, b uint64) uint64 { return max(a, b) }), true
	case Xor:
		return r.bitwise(x, y, func(a, b uint64) uint64 { return (a + b) % 2 }), true
	case Shl:
		return r.wrap(z.Lsh(ux, count)), true
	case Lshr:
		return r.wrap(z.Rsh(ux, count)), true
	case Ashr: // floor(x / 2^count)
		return r.wrap(z.Div(sx, new(big.Int).Lsh(big.NewInt(1), count))), true
	}
	if y == 0 {
		return 0, false
	}
	switch op {
	case Udiv:
		return r.wrap(z.Quo(ux, uy)), true
	case Umod:
		return r.wrap(z.Rem(ux, uy)), true
	case Sdiv:
		return r.wrap(z.Quo(sx, sy)), true
	case Smod:
		return r.wrap(z.Rem(sx, sy)), true
	}
	panic(fmt.Sprint("no reference for binary operator ", op))
}

func (r reference) compare(op CompareOp, x, y uint64) bool {
	u, s := r.unsigned(x).Cmp(r.unsigned(y)), r.signed(x).Cmp(r.signed(y))
	switch op {
	case Eq:
		return u == 0
	case Ne:
		return u != 0
	case Ugt:
		return u > 0
	case Uge:
		return u >= 0
	case Ult:
		return u < 0
	case Ule:
		return u <= 0
	case Sgt:
		return s > 0
	case Sge:
		return s >= 0
	case Slt:
		return s < 0
	case Sle:
		return s <= 0
	case Test:
		return new(big.Int).And(r.unsigned(x), r.unsigned(y)).Sign() != 0
	}
	panic(fmt.Sprint("no reference for relation ", op))
}

// unary takes n bits to word bits. Bytes are those of the scaled machine, word/8 bits.
func (r reference) unary(op UnaryOp, v uint64, word uint, isBig bool) uint64 {
	switch op {
	case Trunc:
		return r.wrap(r.unsigned(v))
	case Sext:
		return reference{word}.wrap(r.signed(v))
	case Neg:
		return r.wrap(new(big.Int).Neg(r.unsigned(v)))
	case ToLE:
		if !isBig {
			return v
		}
	case ToBE:
		if isBig {
			return v
		}
	}
	unit := max(1, word/8)
	whole := r.n / unit * unit
	out := v >> whole << whole // bits above the last whole byte stay
	for i := range whole {
		from := (whole/unit-1-i/unit)*unit + i%unit
		out |= v >> from & 1 << i
	}
	return out
}

// values are all values of n bits where that is few, else the corners.
func values(n uint) []uint64 {
	var v []uint64
	if n <= 8 {
		for x := range uint64(1) << n {
			v = append(v, x)
		}
		return v
	}
	seen := map[uint64]bool{}
	for _, c := range corner64 {
		for _, x := range []uint64{c, c >> (64 - n), c<<1 | 1} {
			if x &= maskOf(n); !seen[x] {
				seen[x] = true
				v = append(v, x)
			}
		}
	}
	return v
}

func TestBinaryOperators(t *testing.T) {
	for _, n := range []uint{1, 2, 3, 4, 5, 6, 7, 8, 16, 31, 32, 63, 64} {
		if testing.Short() && n > 6 && n < 16 {
			continue
		}
		r, in := reference{n}, values(n)
		for op := range numBinary {
			for _, x := range in {
				for _, y := range in {
					want, ok := r.binary(op, x, y)
					if !ok {
						continue
					}
					// Bits above the width must not matter.
					if got := EvalBinary(op, x|^maskOf(n), y|^maskOf(n)&0x5555555555555555, n); got != want {
						t.Fatalf("operator %d at %d bits: %#x, %#x gives %#x, want %#x", op, n, x, y, got, want)
					}
				}
			}
		}
	}
}

func TestRelations(t *testing.T) {
	for _, n := range []uint{1, 2, 3, 4, 5, 6, 7, 8, 16, 32, 64} {
		r, in := reference{n}, values(n)
		for op := range numCompare {
			for _, x := range in {
				for _, y := range in {
					if got := EvalCompare(op, x|^maskOf(n), y, n); got != r.compare(op, x, y) {
						t.Fatalf("relation %d at %d bits: %#x, %#x gives %v", op, n, x, y, got)
					}
				}
			}
		}
	}
}

func TestUnaryOperators(t *testing.T) {
	for word := uint(3); word <= 64; word++ {
		for _, w := range []Width{W8, W16, W32, W64} {
			n := (&Env{Bits: word}).at(w)
			r := reference{n}
			for op := range numUnary {
				for _, v := range values(n) {
					for _, isBig := range []bool{false, true} {
						want := r.unary(op, v, word, isBig)
						if got := EvalUnary(op, v|^maskOf(n), n, word, isBig); got != want {
							t.Fatalf("operator %d on %d of %d bits, big %v: %#x gives %#x, want %#x", op, n, word, isBig, v, got, want)
						}
					}
				}
			}
		}
	}
}

func TestEvalPanicsWithoutAMachine(t *testing.T) {
	env := &Env{Regs: new([11]uint64)}
	for _, x := range []Expr{Load{8, Const(0)}, Atomic{}, Address{}, PacketHas{}, PacketLoad{}, BudgetSpent{}, ArenaBase{}, nil} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%T has a value", x)
				}
			}()
			env.Eval(x)
		}()
	}
}
