package arm64

import (
	"math/bits"

	"github.com/lockstep-ebpf/lockstep/internal/mutant"
	"github.com/lockstep-ebpf/lockstep/spec"
)

// ops of the plain operations with two registers, by the upper half of the opcode.
// Shifts take their count modulo the size, as eBPF's do.
var ops = [16]uint32{
	spec.OpADD >> 4: opADD, spec.OpSUB >> 4: opSUB, spec.OpOR >> 4: opORR, spec.OpAND >> 4: opAND, spec.OpXOR >> 4: opEOR,
	spec.OpLSH >> 4: opLSLV, spec.OpRSH >> 4: opLSRV, spec.OpARSH >> 4: opASRV, spec.OpMUL >> 4: opMUL,
}

// alu compiles the ALU classes at 4 or 8 bytes: dst = x op src, where x is dst as a
// rule. All operations of 4 bytes clear the upper half of their destination, as
// eBPF's do.
func (c *Compiler) alu(i *spec.Insn, x Reg, size int) {
	dst, src, fromReg := host(i.Dst), host(i.Src), i.Op&spec.SrcX != 0
	upper := c.upperZero(i.Dst)
	known := size == 4 // that the upper half is 0 afterwards
	switch op := i.Op & 0xf0; op {
	case spec.OpADD, spec.OpSUB:
		if fromReg {
			c.op(size, ops[op>>4], dst, x, src)
			break
		}
		known = c.plusImm(i, x, size)
	case spec.OpOR, spec.OpAND, spec.OpXOR:
		if fromReg {
			known = known || op == spec.OpAND && (upper || c.upperZero(i.Src)) || op != spec.OpAND && upper && c.upperZero(i.Src)
			c.op(size, ops[op>>4], dst, x, src)
			break
		}
		known = known || i.Imm >= 0 && (op == spec.OpAND || upper)
		v := truncated(size, int64(i.Imm))
		if mutant.On(mutant.ARM64LogicalRotated) && size == 4 {
			v = uint64(bits.RotateLeft32(uint32(v), 1))
		}
		if !c.logicalImm(size, ops[op>>4], dst, x, v) {
			c.movImm(tmp1, v)
			c.op(size, ops[op>>4], dst, x, tmp1)
		}
	case spec.OpMUL:
		if fromReg {
			c.op(size, opMUL, dst, x, src)
			break
		}
		known = c.mulImm(size, dst, x, i.Imm)
	case spec.OpDIV, spec.OpMOD:
		c.divide(i, x, size)
	case spec.OpLSH, spec.OpRSH, spec.OpARSH:
		known = known || op == spec.OpRSH && (upper || !fromReg && i.Imm >= 32)
		if fromReg {
			c.op(size, ops[op>>4], dst, x, src)
			break
		}
		if i.Imm == 0 {
			known = c.copyOf(size, dst, x, upper)
			break
		}
		c.shiftImm(size, op, dst, x, uint8(i.Imm))
	case spec.OpNEG:
		if mutant.On(mutant.JITNegUsesSrc) {
			x = src
		}
		c.op(size, opSUB, dst, ZR, x)
	case spec.OpMOV:
		known = c.move(i, size)
	case spec.OpEND:
		known = c.end(i)
	}
	c.wrote(i.Dst, known)
}

// copyOf is dst = x for an operation that changes nothing but, at 4 bytes, the
// upper half.
func (c *Compiler) copyOf(size int, dst, x Reg, upperZero bool) (known bool) {
	if mutant.On(mutant.JITShift32ByZero) && dst == x {
		return upperZero
	}
	if size == 4 || dst != x {
		c.mov(size, dst, x)
	}
	return size == 4 || upperZero
}

// plusImm compiles add and sub of an immediate.
func (c *Compiler) plusImm(i *spec.Insn, x Reg, size int) (upperZero bool) {
	n := int64(i.Imm)
	if i.Op&0xf0 == spec.OpSUB {
		n = -n
		if mutant.On(mutant.JITSub32Wide) {
			size = 8
		}
		if mutant.On(mutant.JITSubMinIsAdd) && n == 1<<31 {
			n = -n
		}
	}
	c.addImm(size, host(i.Dst), x, n, tmp1)
	return size == 4
}

func (c *Compiler) mulImm(size int, dst, x Reg, imm int32) (upperZero bool) {
	if mutant.On(mutant.JITMulZeroIgnored) && imm == 0 {
		return false
	}
	switch {
	case imm == 0:
		c.movImm(dst, 0)
		return true
	case imm > 1 && imm&(imm-1) == 0:
		c.shl(size, dst, x, uint8(bits.TrailingZeros32(uint32(imm))))
	case imm > 2 && (imm-1)&(imm-2) == 0: // a power of 2, and 1
		c.opShifted(size, opADD, dst, x, x, shiftLSL, uint8(bits.TrailingZeros32(uint32(imm-1))))
	default:
		c.movImm(tmp1, truncated(size, int64(imm)))
		c.op(size, opMUL, dst, x, tmp1)
	}
	if mutant.On(mutant.JITMul32SignExtends) && size == 4 {
		c.extend(8, opSBFM, dst, dst, 4)
		return false
	}
	return size == 4
}

func (c *Compiler) shiftImm(size int, op uint8, dst, x Reg, n uint8) {
	switch op {
	case spec.OpLSH:
		c.shl(size, dst, x, n)
	case spec.OpRSH:
		c.shr(size, opUBFM, dst, x, n)
	default:
		c.shr(size, opSBFM, dst, x, n)
	}
}

// move compiles mov and movsx.
func (c *Compiler) move(i *spec.Insn, size int) (upperZero bool) {
	dst, src := host(i.Dst), host(i.Src)
	if i.Op&spec.SrcX == 0 {
		v := truncated(size, int64(i.Imm))
		if mutant.On(mutant.ARM64MovnNarrow) {
			v = uint64(uint32(v))
		}
		c.movImm(dst, v)
		return v>>32 == 0
	}
	switch {
	case i.Off == 8 && size == 4 && mutant.On(mutant.JITMovsx8ZeroExtends):
		c.extend(4, opUBFM, dst, src, 1)
	case i.Off != 0:
		c.extend(size, opSBFM, dst, src, int(i.Off)/8)
	case dst == src && mutant.On(mutant.JITZextDropped):
		return c.upperZero(i.Src)
	case size == 4 || dst != src:
		c.mov(size, dst, src)
	}
	return size == 4 || i.Off == 0 && c.upperZero(i.Src)
}

// end compiles byte swaps. The machine is little-endian: le keeps the bytes.
func (c *Compiler) end(i *spec.Insn) (upperZero bool) {
	dst := host(i.Dst)
	if i.Class() == spec.ClassALU && i.Op&spec.SrcX == 0 {
		if i.Imm == 64 {
			return c.upperZero(i.Dst)
		}
		c.extend(4, opUBFM, dst, dst, int(i.Imm)/8)
		return true
	}
	switch i.Imm {
	case 16:
		c.rev16(dst, dst)
		if mutant.On(mutant.JITSwap16KeepsUpper) {
			return true
		}
		c.extend(4, opUBFM, dst, dst, 2)
	case 32:
		if mutant.On(mutant.ARM64Rev32Halves) {
			c.rev16(dst, dst)
			break
		}
		c.rev(4, dst, dst)
	default:
		c.rev(8, dst, dst)
		return false
	}
	return true
}
