package amd64

import (
	"math/bits"

	"github.com/lockstep-ebpf/lockstep/internal/mutant"
	"github.com/lockstep-ebpf/lockstep/spec"
)

// digits of the plain operations, by the upper half of the opcode.
var digits = [16]byte{
	spec.OpADD >> 4: digitADD, spec.OpSUB >> 4: digitSUB, spec.OpOR >> 4: digitOR, spec.OpAND >> 4: digitAND, spec.OpXOR >> 4: digitXOR,
	spec.OpLSH >> 4: digitSHL, spec.OpRSH >> 4: digitSHR, spec.OpARSH >> 4: digitSAR,
}

// alu compiles the ALU classes at 4 or 8 bytes. All x86 operations of 4 bytes
// clear the upper half of their destination, as eBPF's do.
func (c *Compiler) alu(i *spec.Insn, size int) {
	dst, fromReg := host[i.Dst], i.Op&spec.SrcX != 0
	known := size == 4 // that the upper half is 0 afterwards
	switch op := i.Op & 0xf0; op {
	case spec.OpADD, spec.OpSUB, spec.OpOR, spec.OpAND, spec.OpXOR:
		if fromReg {
			known = known || op == spec.OpAND && (c.upperZero(i.Dst) || c.upperZero(i.Src)) ||
				(op == spec.OpOR || op == spec.OpXOR) && c.upperZero(i.Dst) && c.upperZero(i.Src)
			c.arith(size, digits[op>>4], dst, c.operand(i.Src, tmp1))
		} else {
			known = known || i.Imm >= 0 && (op == spec.OpAND || op != spec.OpADD && op != spec.OpSUB && c.upperZero(i.Dst))
			digit := digits[op>>4]
			if mutant.On(mutant.JITSub32Wide) && op == spec.OpSUB {
				size, known = 8, false
			}
			if mutant.On(mutant.JITSubMinIsAdd) && op == spec.OpSUB && size == 8 && i.Imm == -1<<31 {
				digit = digitADD
			}
			c.arithImm(size, digit, dst, i.Imm)
		}
	case spec.OpMUL:
		if fromReg {
			c.rr(size, 0x0faf, dst, c.operand(i.Src, tmp1))
		} else {
			c.mulImm(size, dst, i.Imm)
			known = known && !mutant.On(mutant.JITMul32SignExtends)
		}
	case spec.OpDIV, spec.OpMOD:
		c.divide(i, size)
	case spec.OpLSH, spec.OpRSH, spec.OpARSH:
		known = known || op == spec.OpRSH && c.upperZero(i.Dst) || op == spec.OpRSH && !fromReg && i.Imm >= 32
		if fromReg {
			c.shift(size, digits[op>>4], dst, c.operand(i.Src, tmp1))
		} else if i.Imm != 0 {
			c.shiftImm(size, digits[op>>4], dst, uint8(i.Imm))
		} else if size == 4 && !mutant.On(mutant.JITShift32ByZero) {
			c.mov(4, dst, dst)
		} else {
			known = c.upperZero(i.Dst)
		}
	case spec.OpNEG:
		if mutant.On(mutant.JITNegUsesSrc) {
			c.mov(size, dst, host[i.Src])
		}
		c.ext(size, 0xf7, digitNEG, dst)
	case spec.OpMOV:
		known = c.move(i, size)
	case spec.OpEND:
		known = c.end(i)
	}
	c.wrote(i.Dst, known)
}

func (c *Compiler) mulImm(size int, dst Reg, imm int32) {
	if mutant.On(mutant.JITMulZeroIgnored) && imm == 0 {
		return
	}
	if mutant.On(mutant.JITMul32SignExtends) && size == 4 {
		defer c.rr(8, 0x63, dst, dst)
	}
	switch {
	case imm == 0:
		c.movImm(dst, 0)
		return
	case imm > 1 && imm&(imm-1) == 0:
		c.shiftImm(size, digitSHL, dst, uint8(bits.TrailingZeros32(uint32(imm))))
		return
	case imm == 3 || imm == 5 || imm == 9:
		c.lea(size, dst, Mem{Base: dst, Index: dst, Scale: uint8(bits.TrailingZeros32(uint32(imm - 1)))})
		return
	}
	if imm == int32(int8(imm)) {
		c.rr(size, 0x6b, dst, dst)
		c.byte(byte(imm))
		return
	}
	c.rr(size, 0x69, dst, dst)
	c.u32(uint32(imm))
}

// move compiles mov and movsx.
func (c *Compiler) move(i *spec.Insn, size int) (upperZero bool) {
	dst := host[i.Dst]
	if i.Op&spec.SrcX == 0 {
		v := uint64(int64(i.Imm))
		if size == 4 {
			v = uint64(uint32(v))
		}
		c.movImm(dst, v)
		return v>>32 == 0
	}
	src := c.operand(i.Src, dst) // r10 is made in place
	switch {
	case i.Off == 8:
		if mutant.On(mutant.JITMovsx8ZeroExtends) && size == 4 {
			c.narrow(size, 0x0fb6, dst, src)
			break
		}
		c.narrow(size, 0x0fbe, dst, src)
	case i.Off == 16:
		c.rr(size, 0x0fbf, dst, src)
	case i.Off == 32:
		c.rr(8, 0x63, dst, src)
	case dst == src && mutant.On(mutant.JITZextDropped):
		return c.upperZero(i.Src)
	case size == 4 || dst != src:
		c.mov(size, dst, src)
	}
	return size == 4 || i.Off == 0 && (c.upperZero(i.Src) || i.Src == 10)
}

// end compiles byte swaps. The machine is little-endian: le keeps the bytes.
func (c *Compiler) end(i *spec.Insn) (upperZero bool) {
	dst := host[i.Dst]
	if i.Class() == spec.ClassALU && i.Op&spec.SrcX == 0 {
		switch i.Imm {
		case 16:
			c.rr(4, 0x0fb7, dst, dst) // movzx
		case 32:
			c.mov(4, dst, dst)
		default:
			return c.upperZero(i.Dst)
		}
		return true
	}
	switch i.Imm {
	case 16:
		c.ext(2, 0xc1, 0, dst) // rol
		c.byte(8)
		if mutant.On(mutant.JITSwap16KeepsUpper) {
			return false
		}
		c.rr(4, 0x0fb7, dst, dst)
		return true
	case 32:
		c.bswap(4, dst)
		return true
	}
	c.bswap(8, dst)
	return false
}

// shift shifts by a register, whose upper bits x86 ignores as eBPF does.
func (c *Compiler) shift(size int, digit byte, dst, count Reg) {
	switch {
	case c.Features.BMI2:
		c.shiftX(size, digit, dst, dst, count)
	case dst == RCX: // the count has to be in cl
		c.mov(8, tmp2, dst)
		c.mov(4, RCX, count)
		c.ext(size, 0xd3, digit, tmp2)
		c.mov(8, RCX, tmp2)
	case count == RCX:
		c.ext(size, 0xd3, digit, dst)
	default:
		c.mov(8, tmp2, RCX)
		c.mov(4, RCX, count)
		c.ext(size, 0xd3, digit, dst)
		c.mov(8, RCX, tmp2)
	}
}
