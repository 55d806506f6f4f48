package arm64

import (
	"encoding/binary"

	"github.com/lockstep-ebpf/lockstep/internal/mutant"
)

// Asm appends machine code to Buf. All instructions are words of 32 bits.
//
// Methods take the size of the operation in bytes, 4 or 8 as a rule, and the
// instruction as a word whose variable bits are 0, that of 32-bit operation if there
// are two. They are called as the Arm ARM (DDI 0487) calls them, in part C6.
type Asm struct {
	Buf   []byte
	reach Reach // how jumps are made to places that are not known yet
	short bool  // one of them does not reach
}

func (a *Asm) word(w uint32) { a.Buf = binary.LittleEndian.AppendUint32(a.Buf, w) }
func (a *Asm) here() int     { return len(a.Buf) }

// sf is the bit that makes an operation one of 64 bits.
func sf(size int) uint32 { return uint32(size) >> 3 << 31 }

// Operations of two registers and a third, which may be shifted: bits 30 to 24, and
// 21 for the negated third operand of the logical ones.
const (
	opADD  = 0x0b000000
	opADDS = 0x2b000000
	opSUB  = 0x4b000000
	opSUBS = 0x6b000000
	opAND  = 0x0a000000
	opORR  = 0x2a000000
	opORN  = 0x2a200000
	opEOR  = 0x4a000000
	opANDS = 0x6a000000
)

// Kinds of shift of a third operand.
const (
	shiftLSL = 0
	shiftLSR = 1 << 22
)

// op is `op dst, x, y`.
func (a *Asm) op(size int, op uint32, dst, x, y Reg) { a.opShifted(size, op, dst, x, y, shiftLSL, 0) }

// opShifted is `op dst, x, y, shift #n`.
func (a *Asm) opShifted(size int, op uint32, dst, x, y Reg, shift uint32, n uint8) {
	a.word(sf(size) | op | shift | uint32(y)<<16 | uint32(n)<<10 | uint32(x)<<5 | uint32(dst))
}

// addMasked is `add dst, x, wy, uxtw`: x + the lower half of y.
func (a *Asm) addMasked(dst, x, y Reg) {
	a.word(0x8b204000 | uint32(y)<<16 | uint32(x)<<5 | uint32(dst))
}

// mov copies at 4 bytes (zero-extending) or 8.
func (a *Asm) mov(size int, dst, src Reg) { a.op(size, opORR, dst, ZR, src) }

// add12 is the immediate form of opADD and the like, if there is one for n, which is
// 12 bits, or 12 bits shifted by 12. Negative numbers are the opposite operation's.
func (a *Asm) add12(size int, op uint32, dst, x Reg, n int64) bool {
	if n < 0 {
		n, op = -n, op^(opADD^opSUB)
	}
	imm, shift := uint32(n), uint32(0)
	switch {
	case n < 1<<12, n < 1<<13 && mutant.On(mutant.ARM64Imm12TooLong):
	case n < 1<<24 && n&0xfff == 0:
		imm, shift = imm>>12, 1<<22
	default:
		return false
	}
	a.word(sf(size) | op&0x60000000 | 0x11000000 | shift | imm<<10 | uint32(x)<<5 | uint32(dst))
	return true
}

// addImm is dst = x + n in any way; it may need tmp for n. x is not ZR.
func (a *Asm) addImm(size int, dst, x Reg, n int64, tmp Reg) {
	if a.add12(size, opADD, dst, x, n) {
		return
	}
	a.movImm(tmp, truncated(size, n))
	a.op(size, opADD, dst, x, tmp)
}

// cmpImm compares x with n; it may need tmp. A comparison with -n adds n, which sets
// the same flags unless n is 0.
func (a *Asm) cmpImm(size int, x Reg, n int64, tmp Reg) {
	if mutant.On(mutant.ARM64CompareMagnitude) && n < 0 && n > -1<<12 {
		n = -n
	}
	if a.add12(size, opSUBS, ZR, x, n) {
		return
	}
	a.movImm(tmp, truncated(size, n))
	a.op(size, opSUBS, ZR, x, tmp)
}

// truncated is n as an operation of a size sees it.
func truncated(size int, n int64) uint64 {
	if size == 4 {
		return uint64(uint32(n))
	}
	return uint64(n)
}

// logicalImm is the immediate form of opAND and the like, if there is one for v.
func (a *Asm) logicalImm(size int, op uint32, dst, x Reg, v uint64) bool {
	bits, ok := encodeLogical(size, v)
	if ok {
		a.word(sf(size) | op&0x60000000 | 0x12000000 | bits<<10 | uint32(x)<<5 | uint32(dst))
	}
	return ok
}

// movImm sets dst to a number: 1 instruction for most, 4 at most.
func (a *Asm) movImm(dst Reg, v uint64) {
	size, parts := 8, 4
	if v>>32 == 0 {
		size, parts = 4, 2
	}
	zeros, ones := 0, 0
	for i := range parts {
		switch uint16(v >> (16 * i)) {
		case 0:
			zeros++
		case 0xffff:
			ones++
		}
	}
	if max(zeros, ones) < parts-1 && a.logicalImm(size, opORR, dst, ZR, v) {
		return
	}
	const movn, movz, movk = 0x12800000, 0x52800000, 0x72800000
	op, skip := uint32(movz), uint16(0)
	if ones > zeros {
		op, skip = movn, 0xffff
	}
	part := func(i int) {
		imm := uint16(v >> (16 * i))
		if op == movn {
			imm = ^imm
		}
		a.word(sf(size) | op | uint32(i)<<21 | uint32(imm)<<5 | uint32(dst))
		op = movk
	}
	for i := range parts {
		if mutant.On(mutant.ARM64MovkDropped) && i == 3 && op == movk && skip == 0 {
			break
		}
		if uint16(v>>(16*i)) != skip {
			part(i)
		}
	}
	if op != movk {
		part(0)
	}
}

// Operations of a register and fields of bits.
const (
	opSBFM = 0x13000000
	opUBFM = 0x53000000
)

// bits is sbfm or ubfm: shifts by constants, and extensions of narrow values.
func (a *Asm) bits(size int, op uint32, dst, src Reg, immr, imms uint8) {
	n := sf(size) >> 31 << 22
	a.word(sf(size) | op | n | uint32(immr)<<16 | uint32(imms)<<10 | uint32(src)<<5 | uint32(dst))
}

// shl shifts left by n, less than the width.
func (a *Asm) shl(size int, dst, src Reg, n uint8) {
	last := uint8(8*size - 1)
	a.bits(size, opUBFM, dst, src, -n&last, last-n)
}

// shr shifts right by n: opUBFM zeros in, opSBFM the sign.
func (a *Asm) shr(size int, op uint32, dst, src Reg, n uint8) {
	a.bits(size, op, dst, src, n, uint8(8*size-1))
}

// extend makes a value of n bytes one of the size: opUBFM with zeros, opSBFM with its sign.
func (a *Asm) extend(size int, op uint32, dst, src Reg, n int) {
	a.bits(size, op, dst, src, 0, uint8(8*n-1))
}

// Operations of two registers, for op.
const (
	opUDIV = 0x1ac00800
	opSDIV = 0x1ac00c00
	opLSLV = 0x1ac02000
	opLSRV = 0x1ac02400
	opASRV = 0x1ac02800
	opMUL  = 0x1b007c00
	opMNEG = 0x1b00fc00

	opUMULH = 0x9bc07c00 // the upper half of a product of 128 bits
	opSMULH = 0x9b407c00
	opSMULL = 0x9b207c00 // 32 by 32 bits
)

// msub is dst = z - x * y.
func (a *Asm) msub(size int, dst, x, y, z Reg) {
	a.word(sf(size) | 0x1b008000 | uint32(y)<<16 | uint32(z)<<10 | uint32(x)<<5 | uint32(dst))
}

// madd is dst = z + x * y.
func (a *Asm) madd(size int, dst, x, y, z Reg) {
	a.word(sf(size) | 0x1b000000 | uint32(y)<<16 | uint32(z)<<10 | uint32(x)<<5 | uint32(dst))
}

// csel is dst = x if the condition holds, else y.
func (a *Asm) csel(size int, dst, x, y Reg, cc cond) {
	a.word(sf(size) | 0x1a800000 | uint32(y)<<16 | uint32(cc)<<12 | uint32(x)<<5 | uint32(dst))
}

// rev reverses the bytes of a register of 4 or 8 bytes.
func (a *Asm) rev(size int, dst, src Reg) {
	op := uint32(0x5ac00800)
	if size == 8 {
		op = 0xdac00c00
	}
	a.word(op | uint32(src)<<5 | uint32(dst))
}

// rev16 reverses the bytes of both halves of 4 bytes.
func (a *Asm) rev16(dst, src Reg) { a.word(0x5ac00400 | uint32(src)<<5 | uint32(dst)) }
