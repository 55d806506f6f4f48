package amd64

import "math/bits"

// divideConst divides dst by a constant other than 0 and, if signed, -1, without
// dividing: it multiplies by the reciprocal (Granlund and Montgomery, Division by
// Invariant Integers using Multiplication, 1994). It reports false, with nothing
// emitted, where it cannot.
//
// The quotient is made in tmp1; a remainder is dst minus quotient times divisor.
func (c *Compiler) divideConst(size int, mod, signed bool, dst Reg, imm int32) bool {
	switch {
	case imm == 1:
		c.divideByOne(size, mod, dst)
		return true
	case !signed && imm > 0 && imm&(imm-1) == 0:
		c.divideByPower(size, mod, dst, imm)
		return true
	case signed && size == 4:
		c.quotientS32(dst, imm)
	case !c.Features.BMI2:
		return false
	case signed:
		c.quotientS64(dst, imm)
	case size == 4:
		c.quotientU32(dst, uint32(imm))
	default:
		c.quotientU64(dst, uint64(int64(imm)))
	}
	if !mod {
		c.mov(size, dst, tmp1)
		return true
	}
	c.rr(size, 0x69, tmp1, tmp1) // imul
	c.u32(uint32(imm))
	c.arith(size, digitSUB, dst, tmp1)
	return true
}

func (c *Compiler) divideByOne(size int, mod bool, dst Reg) {
	switch {
	case mod:
		c.movImm(dst, 0)
	case size == 4:
		c.mov(4, dst, dst)
	}
}

func (c *Compiler) divideByPower(size int, mod bool, dst Reg, imm int32) {
	if mod {
		c.arithImm(size, digitAND, dst, imm-1)
		return
	}
	c.shiftImm(size, digitSHR, dst, uint8(bits.TrailingZeros32(uint32(imm))))
}

// log2up is the least l with 2^l >= d.
func log2up(d uint64) uint { return uint(bits.Len64(d - 1)) }

// quotientU32: with 64 bits of reciprocal the high half of the product is exact.
func (c *Compiler) quotientU32(dst Reg, d uint32) {
	c.mov(8, tmp2, RDX)
	c.mov(4, RDX, dst)
	c.movImm(tmp1, ^uint64(0)/uint64(d)+1)
	c.mulx(tmp1, tmp1, tmp1)
	c.mov(8, RDX, tmp2)
}

// quotientU64: the reciprocal has 65 bits, of which the highest is the addition.
func (c *Compiler) quotientU64(dst Reg, d uint64) {
	l := log2up(d)
	m, _ := bits.Div64(uint64(1)<<l-d, 0, d) // 1<<64 is 0: right for l = 64
	c.mov(8, tmp2, RDX)
	c.mov(8, RDX, dst)
	c.movImm(tmp1, m+1)
	c.mulx(tmp1, tmp1, tmp1)
	c.arith(8, digitSUB, RDX, tmp1)
	c.shiftImm(8, digitSHR, RDX, 1)
	c.arith(8, digitADD, tmp1, RDX)
	if l > 1 {
		c.shiftImm(8, digitSHR, tmp1, uint8(l-1))
	}
	c.mov(8, RDX, tmp2)
}

// quotientS32: a product of 64 bits has room for it all.
func (c *Compiler) quotientS32(dst Reg, d int32) {
	abs := uint64(max(int64(d), -int64(d)))
	p := 31 + log2up(abs)
	c.rr(8, 0x63, tmp1, dst) // movsxd
	c.movImm(tmp2, (uint64(1)<<p)/abs+1)
	c.rr(8, 0x0faf, tmp1, tmp2)
	c.shiftImm(8, digitSAR, tmp1, uint8(p))
	c.mov(4, tmp2, dst)
	c.shiftImm(4, digitSHR, tmp2, 31) // rounds towards zero
	c.arith(4, digitADD, tmp1, tmp2)
	if d < 0 {
		c.ext(4, 0xf7, digitNEG, tmp1)
	}
}

// quotientS64: mulx takes the dividend for unsigned, so where it is negative the
// reciprocal has to be subtracted from the high half.
func (c *Compiler) quotientS64(dst Reg, d int32) {
	abs := uint64(max(int64(d), -int64(d)))
	l := log2up(abs)
	m, _ := bits.Div64(uint64(1)<<(l-1), 0, abs)
	saved := at(RSP, slotSave)
	c.store(8, saved, RDX)
	c.mov(8, RDX, dst)
	c.movImm(tmp2, m+1)
	c.mulx(tmp1, tmp1, tmp2)
	c.shiftImm(8, digitSAR, RDX, 63)
	c.arith(8, digitAND, tmp2, RDX)
	c.arith(8, digitSUB, tmp1, tmp2)
	if l > 1 {
		c.shiftImm(8, digitSAR, tmp1, uint8(l-1))
	}
	c.arith(8, digitSUB, tmp1, RDX) // rounds towards zero
	if d < 0 {
		c.ext(8, 0xf7, digitNEG, tmp1)
	}
	c.load(8, RDX, saved)
}
