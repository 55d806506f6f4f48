package smtlib

import (
	"fmt"
	"math/big"
)

// operator is a function of the theory.
type operator struct {
	least, most int // how many arguments
	args        kind
	of          func([]Value) Value
}

// kind is what sorts an operator takes.
type kind uint8

const (
	vectors kind = iota // of one width
	anyWidth
	booleans
	alike // of one sort
)

const many = 1 << 20

func (o operator) check(args []Value) error {
	if n := len(args); n < o.least || n > o.most {
		return fmt.Errorf("%d arguments", n)
	}
	for _, a := range args {
		if (o.args != anyWidth && a.Bits != args[0].Bits) || (o.args == booleans && a.Bits != 0) || (o.args < booleans && a.Bits == 0) {
			return fmt.Errorf("a %s", sortOf(a.Bits))
		}
	}
	return nil
}

// arithmetic wraps what f makes of two vectors.
func arithmetic(f func(x, y Value) *big.Int) operator {
	return operator{2, 2, vectors, func(a []Value) Value { return wrap(f(a[0], a[1]), a[0].Bits) }}
}

func relation(f func(x, y Value) bool) operator {
	return operator{2, 2, vectors, func(a []Value) Value { return Bool(f(a[0], a[1])) }}
}

func logic(f func(x, y bool) bool) operator {
	return operator{2, many, booleans, func(a []Value) Value {
		v := a[0].True()
		for _, x := range a[1:] {
			v = f(v, x.True())
		}
		return Bool(v)
	}}
}

func integer() *big.Int { return new(big.Int) }

// shift gives beyond for counts of the width and more.
func shift(f func(x Value, n uint) *big.Int, beyond func(x Value) *big.Int) operator {
	return arithmetic(func(x, y Value) *big.Int {
		if y.V.Cmp(big.NewInt(int64(x.Bits))) >= 0 {
			return beyond(x)
		}
		return f(x, uint(y.V.Uint64()))
	})
}

func zero(Value) *big.Int { return integer() }

// divide is f where there is a quotient, and otherwise a number of the theory's choice.
func divide(f func(x, y Value) *big.Int, byZero func(x Value) *big.Int) operator {
	return arithmetic(func(x, y Value) *big.Int {
		if !y.True() {
			return byZero(x)
		}
		return f(x, y)
	})
}

func dividend(x Value) *big.Int { return x.V }

// signedByZero is bvsdiv by 0. The theory defines it by bvudiv of the magnitudes,
// whose quotient by 0 is all ones, and gives that the sign of x.
func signedByZero(x Value) *big.Int {
	if x.signed().Sign() < 0 {
		return big.NewInt(1)
	}
	return big.NewInt(-1)
}

var operators = map[string]operator{
	"bvadd":  arithmetic(func(x, y Value) *big.Int { return integer().Add(x.V, y.V) }),
	"bvsub":  arithmetic(func(x, y Value) *big.Int { return integer().Sub(x.V, y.V) }),
	"bvmul":  arithmetic(func(x, y Value) *big.Int { return integer().Mul(x.V, y.V) }),
	"bvand":  arithmetic(func(x, y Value) *big.Int { return integer().And(x.V, y.V) }),
	"bvor":   arithmetic(func(x, y Value) *big.Int { return integer().Or(x.V, y.V) }),
	"bvxor":  arithmetic(func(x, y Value) *big.Int { return integer().Xor(x.V, y.V) }),
	"bvudiv": divide(func(x, y Value) *big.Int { return integer().Quo(x.V, y.V) }, func(Value) *big.Int { return big.NewInt(-1) }),
	"bvurem": divide(func(x, y Value) *big.Int { return integer().Rem(x.V, y.V) }, dividend),
	"bvsdiv": divide(func(x, y Value) *big.Int { return integer().Quo(x.signed(), y.signed()) }, signedByZero),
	"bvsrem": divide(func(x, y Value) *big.Int { return integer().Rem(x.signed(), y.signed()) }, dividend),
	"bvshl":  shift(func(x Value, n uint) *big.Int { return integer().Lsh(x.V, n) }, zero),
	"bvlshr": shift(func(x Value, n uint) *big.Int { return integer().Rsh(x.V, n) }, zero),
	"bvashr": shift(func(x Value, n uint) *big.Int { return integer().Rsh(x.signed(), n) }, func(x Value) *big.Int { return big.NewInt(int64(min(x.signed().Sign(), 0))) }),

	"bvneg": {1, 1, vectors, func(a []Value) Value { return wrap(integer().Neg(a[0].V), a[0].Bits) }},
	"bvnot": {1, 1, vectors, func(a []Value) Value { return wrap(integer().Not(a[0].V), a[0].Bits) }},
	"concat": {2, 64, anyWidth, func(a []Value) Value {
		v := a[0]
		for _, x := range a[1:] {
			v = Value{integer().Or(integer().Lsh(v.V, x.Bits), x.V), v.Bits + x.Bits}
		}
		return v
	}},

	"bvult": relation(func(x, y Value) bool { return x.V.Cmp(y.V) < 0 }),
	"bvule": relation(func(x, y Value) bool { return x.V.Cmp(y.V) <= 0 }),
	"bvugt": relation(func(x, y Value) bool { return x.V.Cmp(y.V) > 0 }),
	"bvuge": relation(func(x, y Value) bool { return x.V.Cmp(y.V) >= 0 }),
	"bvslt": relation(func(x, y Value) bool { return x.signed().Cmp(y.signed()) < 0 }),
	"bvsle": relation(func(x, y Value) bool { return x.signed().Cmp(y.signed()) <= 0 }),
	"bvsgt": relation(func(x, y Value) bool { return x.signed().Cmp(y.signed()) > 0 }),
	"bvsge": relation(func(x, y Value) bool { return x.signed().Cmp(y.signed()) >= 0 }),

	"=":        {2, 2, alike, func(a []Value) Value { return Bool(a[0].V.Cmp(a[1].V) == 0) }},
	"distinct": {2, 2, alike, func(a []Value) Value { return Bool(a[0].V.Cmp(a[1].V) != 0) }},

	"and": logic(func(x, y bool) bool { return x && y }),
	"or":  logic(func(x, y bool) bool { return x || y }),
	"xor": logic(func(x, y bool) bool { return x != y }),
	"=>":  {2, 2, booleans, func(a []Value) Value { return Bool(!a[0].True() || a[1].True()) }},
	"not": {1, 1, booleans, func(a []Value) Value { return Bool(!a[0].True()) }},
}
