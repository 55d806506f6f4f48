package smtlib

import (
	"fmt"
	"math/big"
	"strconv"
	"strings"
)

// Value is a bit-vector of Bits bits as a number from 0 to 2^Bits-1, or a Boolean,
// 0 or 1, of no bits.
type Value struct {
	V    *big.Int
	Bits uint
}

// maxBits bounds what an index or a constant may ask for.
const maxBits = 1 << 16

// Bits is the low n bits of v.
func Bits(v uint64, n uint) Value { return wrap(new(big.Int).SetUint64(v), n) }

// Bool is a Boolean.
func Bool(b bool) Value {
	if b {
		return Value{big.NewInt(1), 0}
	}
	return Value{new(big.Int), 0}
}

// Uint64 is the low 64 bits.
func (v Value) Uint64() uint64 { return wrap(v.V, 64).V.Uint64() }

// True reports whether the value is not 0.
func (v Value) True() bool { return v.V.Sign() != 0 }

// String is the value as a term.
func (v Value) String() string {
	switch {
	case v.Bits == 0:
		return strconv.FormatBool(v.True())
	case v.Bits%4 == 0:
		return fmt.Sprintf("#x%0*x", v.Bits/4, v.V)
	}
	return fmt.Sprintf("#b%0*b", v.Bits, v.V)
}

func sortOf(bits uint) string {
	if bits == 0 {
		return "Bool"
	}
	return fmt.Sprintf("(_ BitVec %d)", bits)
}

// wrap brings an integer back to n bits.
func wrap(v *big.Int, n uint) Value {
	return Value{new(big.Int).Mod(v, new(big.Int).Lsh(big.NewInt(1), n)), n}
}

// signed is the vector as a number in two's complement.
func (v Value) signed() *big.Int {
	if v.Bits > 0 && v.V.Bit(int(v.Bits-1)) == 1 {
		return new(big.Int).Sub(v.V, new(big.Int).Lsh(big.NewInt(1), v.Bits))
	}
	return v.V
}

// literal reads true, false, #x… and #b….
func literal(atom string) (Value, bool) {
	if atom == "true" || atom == "false" {
		return Bool(atom == "true"), true
	}
	for _, base := range []struct {
		prefix      string
		radix, bits int
	}{{"#x", 16, 4}, {"#b", 2, 1}} {
		digits, ok := strings.CutPrefix(atom, base.prefix)
		if !ok || digits == "" || strings.ContainsAny(digits, "+-_") || len(digits)*base.bits > maxBits {
			continue
		}
		if v, ok := new(big.Int).SetString(digits, base.radix); ok {
			return Value{v, uint(len(digits) * base.bits)}, true
		}
	}
	return Value{}, false
}

// sort reads Bool, or (_ BitVec n).
func sort(t Term) (bits uint, err error) {
	if t.Atom == "Bool" {
		return 0, nil
	}
	if len(t.List) == 3 && t.head() == "_" && t.List[1].Atom == "BitVec" {
		if n, err := index(t.List[2]); err == nil && n > 0 {
			return n, nil
		}
	}
	return 0, fmt.Errorf("%v is no sort", t)
}

func index(t Term) (uint, error) {
	n, err := strconv.ParseUint(t.Atom, 10, 64)
	if err != nil || n > maxBits {
		return 0, fmt.Errorf("%v is no index from 0 to %d", t, maxBits)
	}
	return uint(n), nil
}
