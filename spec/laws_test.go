package spec

import (
	"flag"
	"testing"
	"time"

	"github.com/leanovate/gopter"
	"github.com/leanovate/gopter/gen"
	"github.com/leanovate/gopter/prop"
)

var seed = flag.Int64("seed", 0, "seed of the algebraic laws; 0 takes one from the clock")

// Laws of the operators that hold at every width.
func TestLaws(t *testing.T) {
	s := *seed
	if s == 0 {
		s = time.Now().UnixNano()
	}
	t.Logf("-seed=%d", s)
	params := gopter.DefaultTestParametersWithSeed(s)
	params.MinSuccessfulTests = 2000
	laws := gopter.NewProperties(params)
	word := gen.OneGenOf(gen.UInt64(), gen.OneConstOf(uint64(0), uint64(1), ^uint64(0), uint64(1)<<63, uint64(1)<<31, uint64(1)<<32))
	width := gen.UIntRange(1, 64)
	law2 := func(name string, f func(x, y uint64, n uint) bool) {
		laws.Property(name, prop.ForAll(f, word, word, width))
	}
	bin := EvalBinary
	law2("x + y - y = x", func(x, y uint64, n uint) bool { return bin(Sub, bin(Add, x, y, n), y, n) == x&maskOf(n) })
	law2("x * y = y * x", func(x, y uint64, n uint) bool { return bin(Mul, x, y, n) == bin(Mul, y, x, n) })
	law2("x = (x / y) * y + x % y", func(x, y uint64, n uint) bool {
		return y&maskOf(n) == 0 || bin(Add, bin(Mul, bin(Udiv, x, y, n), y, n), bin(Umod, x, y, n), n) == x&maskOf(n)
	})
	law2("the same, signed", func(x, y uint64, n uint) bool {
		return y&maskOf(n) == 0 || bin(Add, bin(Mul, bin(Sdiv, x, y, n), y, n), bin(Smod, x, y, n), n) == x&maskOf(n)
	})
	law2("x % y < y", func(x, y uint64, n uint) bool {
		return y&maskOf(n) == 0 || EvalCompare(Ult, bin(Umod, x, y, n), y, n)
	})
	law2("(x | y) + (x & y) = x + y", func(x, y uint64, n uint) bool {
		return bin(Add, bin(Or, x, y, n), bin(And, x, y, n), n) == bin(Add, x, y, n)
	})
	law2("(x | y) - (x & y) = x ^ y", func(x, y uint64, n uint) bool {
		return bin(Sub, bin(Or, x, y, n), bin(And, x, y, n), n) == bin(Xor, x, y, n)
	})
	law2("-(-x) = x and -x = 0 - x", func(x, _ uint64, n uint) bool {
		neg := EvalUnary(Neg, x, n, 64, false)
		return EvalUnary(Neg, neg, n, 64, false) == x&maskOf(n) && neg == bin(Sub, 0, x, n)
	})
	law2("x << y = x * (1 << y)", func(x, y uint64, n uint) bool {
		return bin(Shl, x, y, n) == bin(Mul, x, bin(Shl, 1, y, n), n)
	})
	law2("x >> y = x / (1 << y)", func(x, y uint64, n uint) bool {
		return bin(Lshr, x, y, n) == bin(Udiv, x, bin(Shl, 1, y, n), n)
	})
	law2("shifts take their count modulo the width", func(x, y uint64, n uint) bool {
		c := y & maskOf(n) % uint64(n)
		return bin(Shl, x, y, n) == bin(Shl, x, c, n) && bin(Ashr, x, y, n) == bin(Ashr, x, c, n)
	})
	law2("x s>> y = ~(~x s>> y)", func(x, y uint64, n uint) bool {
		return bin(Ashr, x, y, n) == ^bin(Ashr, ^x, y, n)&maskOf(n)
	})
	law2("a swap undoes itself", func(x, _ uint64, n uint) bool {
		for _, w := range []uint{16, 32, 64} {
			if EvalUnary(Bswap, EvalUnary(Bswap, x, w, 64, false), w, 64, false) != x&maskOf(w) {
				return false
			}
		}
		return EvalUnary(Bswap, EvalUnary(Bswap, x, n, max(3, n), false), n, max(3, n), false) == x&maskOf(n)
	})
	law2("x < y or x = y or x > y, and just one of them", func(x, y uint64, n uint) bool {
		count := func(ops ...CompareOp) (c int) {
			for _, op := range ops {
				if EvalCompare(op, x, y, n) {
					c++
				}
			}
			return c
		}
		return count(Ult, Eq, Ugt) == 1 && count(Slt, Eq, Sgt) == 1 && count(Ule, Ugt) == 1 && count(Sle, Sgt) == 1 && count(Uge, Ult) == 1 && count(Sge, Slt) == 1 && count(Ne, Eq) == 1
	})
	law2("signed order is unsigned order with the top bit flipped", func(x, y uint64, n uint) bool {
		top := uint64(1) << (n - 1)
		return EvalCompare(Slt, x, y, n) == EvalCompare(Ult, x^top, y^top, n)
	})
	laws.TestingRun(t)
}
