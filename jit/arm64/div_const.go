package arm64

import (
	"math/bits"

	"github.com/lockstep-ebpf/lockstep/internal/mutant"
)

// divideConst divides x by a constant without dividing: it multiplies by the
// reciprocal (Granlund and Montgomery, Division by Invariant Integers using
// Multiplication, 1994). It reports false, with nothing emitted, where that is not
// simple.
//
// The quotient is made in tmp1; a remainder is x minus quotient times divisor.
func (c *Compiler) divideConst(size int, mod, signed bool, dst, x Reg, imm int32) bool {
	switch {
	case imm == 0 || signed && imm == -1:
		return false
	case imm == 1 && mod:
		c.movImm(dst, 0)
		return true
	case imm == 1:
		c.mov(size, dst, x)
		return true
	case !signed && imm > 0 && imm&(imm-1) == 0:
		if n := uint8(bits.TrailingZeros32(uint32(imm))); mod {
			c.logicalImm(size, opAND, dst, x, uint64(imm-1))
		} else {
			c.shr(size, opUBFM, dst, x, n)
		}
		return true
	case signed && size == 4:
		c.quotientS32(x, imm)
	case signed:
		c.quotientS64(x, imm)
	case size == 4:
		c.quotientU32(x, uint32(imm))
	default:
		c.quotientU64(x, uint64(int64(imm)))
	}
	if !mod {
		c.mov(size, dst, tmp1)
		return true
	}
	c.movImm(tmp2, truncated(size, int64(imm)))
	if mutant.On(mutant.ARM64ModConstNarrow) {
		size = 4
	}
	c.msub(size, dst, tmp1, tmp2, x)
	return true
}

// log2up is the least l with 2^l >= d.
func log2up(d uint64) uint { return uint(bits.Len64(d - 1)) }

// quotientU32: with 64 bits of reciprocal the high half of the product is exact.
func (c *Compiler) quotientU32(x Reg, d uint32) {
	c.mov(4, tmp1, x)
	c.movImm(tmp2, ^uint64(0)/uint64(d)+1)
	c.op(8, opUMULH, tmp1, tmp1, tmp2)
}

// quotientU64: the reciprocal has 65 bits, of which the highest is the addition.
func (c *Compiler) quotientU64(x Reg, d uint64) {
	l := log2up(d)
	m, _ := bits.Div64(uint64(1)<<l-d, 0, d) // 1<<64 is 0: right for l = 64
	c.movImm(tmp1, m+1)
	c.op(8, opUMULH, tmp1, x, tmp1)
	c.op(8, opSUB, tmp2, x, tmp1)
	c.opShifted(8, opADD, tmp1, tmp1, tmp2, shiftLSR, 1)
	if l > 1 {
		c.shr(8, opUBFM, tmp1, tmp1, uint8(l-1))
	}
}

// quotientS32: a product of 64 bits has room for it all.
func (c *Compiler) quotientS32(x Reg, d int32) {
	abs := uint64(max(int64(d), -int64(d)))
	p := 31 + log2up(abs)
	c.extend(8, opSBFM, tmp1, x, 4)
	c.movImm(tmp2, (uint64(1)<<p)/abs+1)
	c.op(8, opMUL, tmp1, tmp1, tmp2)
	c.shr(8, opSBFM, tmp1, tmp1, uint8(p))
	c.opShifted(4, opADD, tmp1, tmp1, x, shiftLSR, 31) // rounds towards zero
	if d < 0 {
		c.op(4, opSUB, tmp1, ZR, tmp1)
	}
}

// quotientS64: the reciprocal has 64 bits and would be a negative number, so the
// dividend is added to what is too little by it.
func (c *Compiler) quotientS64(x Reg, d int32) {
	abs := uint64(max(int64(d), -int64(d)))
	l := log2up(abs)
	m, _ := bits.Div64(uint64(1)<<(l-1), 0, abs)
	c.movImm(tmp1, m+1)
	c.op(8, opSMULH, tmp1, x, tmp1)
	c.op(8, opADD, tmp1, tmp1, x)
	if l > 1 {
		c.shr(8, opSBFM, tmp1, tmp1, uint8(l-1))
	}
	c.opShifted(8, opADD, tmp1, tmp1, x, shiftLSR, 63) // rounds towards zero
	if d < 0 {
		c.op(8, opSUB, tmp1, ZR, tmp1)
	}
}
