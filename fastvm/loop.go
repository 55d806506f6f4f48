package fastvm

import (
	"math"
	"math/bits"

	"github.com/lockstep-ebpf/lockstep/internal/mutant"
	"github.com/lockstep-ebpf/lockstep/vm"
)

// loopChecked runs from s.pc until something has to be done that it cannot do, and
// says what. Then s.pc is the instruction concerned, and s.steps counts it.
func (s *state) loopChecked() leave {
	var (
		r            = &s.r
		data, shadow = s.data, s.shadow
		limit        = s.limit
		ip           = &s.inst.code[s.pc]
		acc          = s.steps*size - pos(ip) // see Fuel in the package's comment
		i            *insn
		a            uint64 // the address of an access
	)
	for {
		i = ip
		ip = after(ip, size)
		switch i.op {
		case add32K:
			r[i.dst] = uint64(uint32(r[i.dst]) + uint32(i.imm))
		case add32X:
			r[i.dst] = uint64(uint32(r[i.dst]) + uint32(r[i.src]))
		case add64K:
			r[i.dst] += i.imm
		case add64X:
			r[i.dst] += r[i.src]
		case sub32K:
			r[i.dst] = uint64(uint32(r[i.dst]) - uint32(i.imm))
		case sub32X:
			r[i.dst] = uint64(uint32(r[i.dst]) - uint32(r[i.src]))
		case sub64K:
			r[i.dst] -= i.imm
		case sub64X:
			r[i.dst] -= r[i.src]
		case mul32K:
			r[i.dst] = uint64(uint32(r[i.dst]) * uint32(i.imm))
		case mul32X:
			r[i.dst] = uint64(uint32(r[i.dst]) * uint32(r[i.src]))
		case mul64K:
			r[i.dst] *= i.imm
		case mul64X:
			r[i.dst] *= r[i.src]
		case div32K:
			r[i.dst] = uint64(uint32(r[i.dst]) / uint32(i.imm))
		case div32X:
			if y := uint32(r[i.src]); y != 0 {
				r[i.dst] = uint64(uint32(r[i.dst]) / y)
			} else {
				r[i.dst] = 0
				if mutant.On(mutant.Div32TestsWholeSource) {
					if r[i.src] != 0 {
						r[i.dst] = 0xffff_ffff
					}
				}
			}
		case div64K:
			r[i.dst] /= i.imm
		case div64X:
			if y := r[i.src]; y != 0 {
				r[i.dst] /= y
			} else {
				r[i.dst] = 0
			}
		case or32K:
			r[i.dst] = uint64(uint32(r[i.dst]) | uint32(i.imm))
		case or32X:
			r[i.dst] = uint64(uint32(r[i.dst]) | uint32(r[i.src]))
		case or64K:
			r[i.dst] |= i.imm
		case or64X:
			r[i.dst] |= r[i.src]
		case and32K:
			r[i.dst] = uint64(uint32(r[i.dst]) & uint32(i.imm))
		case and32X:
			r[i.dst] = uint64(uint32(r[i.dst]) & uint32(r[i.src]))
		case and64K:
			r[i.dst] &= i.imm
		case and64X:
			r[i.dst] &= r[i.src]
		case lsh32K:
			r[i.dst] = uint64(uint32(r[i.dst]) << (i.imm & 31))
		case lsh32X:
			if mutant.On(mutant.LSH32Unmasked) {
				r[i.dst] = uint64(uint32(r[i.dst]) << r[i.src])
				continue
			}
			r[i.dst] = uint64(uint32(r[i.dst]) << (r[i.src] & 31))
		case lsh64K:
			r[i.dst] <<= i.imm & 63
		case lsh64X:
			r[i.dst] <<= r[i.src] & 63
		case rsh32K:
			r[i.dst] = uint64(uint32(r[i.dst]) >> (i.imm & 31))
		case rsh32X:
			r[i.dst] = uint64(uint32(r[i.dst]) >> (r[i.src] & 31))
		case rsh64K:
			r[i.dst] >>= i.imm & 63
		case rsh64X:
			r[i.dst] >>= r[i.src] & 63
		case mod32K:
			r[i.dst] = uint64(uint32(r[i.dst]) % uint32(i.imm))
		case mod32X:
			if y := uint32(r[i.src]); y != 0 {
				r[i.dst] = uint64(uint32(r[i.dst]) % y)
			} else if !mutant.On(mutant.Mod32ZeroKeepsUpper) {
				r[i.dst] = uint64(uint32(r[i.dst]))
			}
		case mod64K:
			r[i.dst] %= i.imm
		case mod64X:
			if y := r[i.src]; y != 0 {
				r[i.dst] %= y
			}
		case xor32K:
			r[i.dst] = uint64(uint32(r[i.dst]) ^ uint32(i.imm))
		case xor32X:
			r[i.dst] = uint64(uint32(r[i.dst]) ^ uint32(r[i.src]))
		case xor64K:
			r[i.dst] ^= i.imm
		case xor64X:
			r[i.dst] ^= r[i.src]
		case mov32K:
			r[i.dst] = uint64(uint32(i.imm))
		case mov32X:
			r[i.dst] = uint64(uint32(r[i.src]))
		case mov64K:
			r[i.dst] = i.imm
		case mov64X:
			r[i.dst] = r[i.src]
		case arsh32K:
			r[i.dst] = uint64(uint32(int32(r[i.dst]) >> (i.imm & 31)))
		case arsh32X:
			r[i.dst] = uint64(uint32(int32(r[i.dst]) >> (r[i.src] & 31)))
		case arsh64K:
			r[i.dst] = uint64(int64(r[i.dst]) >> (i.imm & 63))
		case arsh64X:
			r[i.dst] = uint64(int64(r[i.dst]) >> (r[i.src] & 63))
		case neg32:
			r[i.dst] = uint64(-uint32(r[i.dst]))
		case neg64:
			r[i.dst] = -r[i.dst]

		// Signed division truncates towards zero. Go defines MIN / -1 as MIN and
		// MIN % -1 as 0, which is what eBPF wants.
		case sdiv32K:
			y := int32(i.imm)
			if mutant.On(mutant.SDivOverflowIsZero) {
				if y == -1 && int32(r[i.dst]) == math.MinInt32 {
					r[i.dst] = 0
					continue
				}
			}
			r[i.dst] = uint64(uint32(int32(r[i.dst]) / y))
		case sdiv32X:
			y := int32(r[i.src])
			if mutant.On(mutant.SDivOverflowIsZero) {
				if y == -1 && int32(r[i.dst]) == math.MinInt32 {
					r[i.dst] = 0
					continue
				}
			}
			if y != 0 {
				r[i.dst] = uint64(uint32(int32(r[i.dst]) / y))
			} else {
				r[i.dst] = 0
			}
		case sdiv64K:
			y := int64(i.imm)
			if mutant.On(mutant.SDivOverflowIsZero) {
				if y == -1 && int64(r[i.dst]) == math.MinInt64 {
					r[i.dst] = 0
					continue
				}
			}
			r[i.dst] = uint64(int64(r[i.dst]) / y)
		case sdiv64X:
			y := int64(r[i.src])
			if mutant.On(mutant.SDivOverflowIsZero) {
				if y == -1 && int64(r[i.dst]) == math.MinInt64 {
					r[i.dst] = 0
					continue
				}
			}
			if y != 0 {
				r[i.dst] = uint64(int64(r[i.dst]) / y)
			} else {
				r[i.dst] = 0
			}
		case smod32K:
			y := int32(i.imm)
			r[i.dst] = uint64(uint32(int32(r[i.dst]) % y))
		case smod32X:
			y := int32(r[i.src])
			if y != 0 {
				r[i.dst] = uint64(uint32(int32(r[i.dst]) % y))
			} else {
				r[i.dst] = uint64(uint32(r[i.dst]))
			}
		case smod64K:
			y := int64(i.imm)
			r[i.dst] = uint64(int64(r[i.dst]) % y)
		case smod64X:
			y := int64(r[i.src])
			if y != 0 {
				r[i.dst] = uint64(int64(r[i.dst]) % y)
			}

		case movsx8to32:
			r[i.dst] = uint64(uint32(int8(r[i.src])))
		case movsx16to32:
			r[i.dst] = uint64(uint32(int16(r[i.src])))
		case movsx8to64:
			r[i.dst] = uint64(int8(r[i.src]))
		case movsx16to64:
			r[i.dst] = uint64(int16(r[i.src]))
		case movsx32to64:
			r[i.dst] = uint64(int32(r[i.src]))
		case zext16:
			if !mutant.On(mutant.LE16KeepsUpper) {
				r[i.dst] = uint64(uint16(r[i.dst]))
			}
		case zext32:
			r[i.dst] = uint64(uint32(r[i.dst]))
		case nop:
		case swap16:
			r[i.dst] = uint64(bits.ReverseBytes16(uint16(r[i.dst])))
		case swap32:
			r[i.dst] = uint64(bits.ReverseBytes32(uint32(r[i.dst])))
		case swap64:
			r[i.dst] = bits.ReverseBytes64(r[i.dst])
		case lddw:
			r[i.dst] = i.imm
			ip = after(ip, size) // over the second slot, which is no instruction
			acc -= size

		case ja:
			goto jump
		case jeq64K:
			if r[i.dst] == i.imm {
				goto jump
			}
		case jeq64X:
			if r[i.dst] == r[i.src] {
				goto jump
			}
		case jeq32K:
			if uint32(r[i.dst]) == uint32(i.imm) {
				goto jump
			}
		case jeq32X:
			if mutant.On(mutant.JEQ32ComparesWhole) {
				if uint64(uint32(r[i.dst])) == r[i.src] {
					goto jump
				}
				continue
			}
			if uint32(r[i.dst]) == uint32(r[i.src]) {
				goto jump
			}
		case jne64K:
			if r[i.dst] != i.imm {
				goto jump
			}
		case jne64X:
			if r[i.dst] != r[i.src] {
				goto jump
			}
		case jne32K:
			if uint32(r[i.dst]) != uint32(i.imm) {
				goto jump
			}
		case jne32X:
			if uint32(r[i.dst]) != uint32(r[i.src]) {
				goto jump
			}
		case jgt64K:
			if r[i.dst] > i.imm {
				goto jump
			}
		case jgt64X:
			if r[i.dst] > r[i.src] {
				goto jump
			}
		case jgt32K:
			if uint32(r[i.dst]) > uint32(i.imm) {
				goto jump
			}
		case jgt32X:
			if uint32(r[i.dst]) > uint32(r[i.src]) {
				goto jump
			}
		case jge64K:
			if r[i.dst] >= i.imm {
				goto jump
			}
		case jge64X:
			if r[i.dst] >= r[i.src] {
				goto jump
			}
		case jge32K:
			if uint32(r[i.dst]) >= uint32(i.imm) {
				goto jump
			}
		case jge32X:
			if uint32(r[i.dst]) >= uint32(r[i.src]) {
				goto jump
			}
		case jlt64K:
			if r[i.dst] < i.imm {
				goto jump
			}
		case jlt64X:
			if r[i.dst] < r[i.src] {
				goto jump
			}
		case jlt32K:
			if uint32(r[i.dst]) < uint32(i.imm) {
				goto jump
			}
		case jlt32X:
			if uint32(r[i.dst]) < uint32(r[i.src]) {
				goto jump
			}
		case jle64K:
			if r[i.dst] <= i.imm {
				goto jump
			}
		case jle64X:
			if r[i.dst] <= r[i.src] {
				goto jump
			}
		case jle32K:
			if uint32(r[i.dst]) <= uint32(i.imm) {
				goto jump
			}
		case jle32X:
			if uint32(r[i.dst]) <= uint32(r[i.src]) {
				goto jump
			}
		case jset64K:
			if r[i.dst]&i.imm != 0 {
				goto jump
			}
		case jset64X:
			if r[i.dst]&r[i.src] != 0 {
				goto jump
			}
		case jset32K:
			if uint32(r[i.dst])&uint32(i.imm) != 0 {
				goto jump
			}
		case jset32X:
			if uint32(r[i.dst])&uint32(r[i.src]) != 0 {
				goto jump
			}
		case jsgt64K:
			if mutant.On(mutant.JSGTImmZeroExtended) {
				if int64(r[i.dst]) > int64(uint32(i.imm)) {
					goto jump
				}
				continue
			}
			if int64(r[i.dst]) > int64(i.imm) {
				goto jump
			}
		case jsgt64X:
			if int64(r[i.dst]) > int64(r[i.src]) {
				goto jump
			}
		case jsgt32K:
			if int32(r[i.dst]) > int32(i.imm) {
				goto jump
			}
		case jsgt32X:
			if int32(r[i.dst]) > int32(r[i.src]) {
				goto jump
			}
		case jsge64K:
			if int64(r[i.dst]) >= int64(i.imm) {
				goto jump
			}
		case jsge64X:
			if int64(r[i.dst]) >= int64(r[i.src]) {
				goto jump
			}
		case jsge32K:
			if int32(r[i.dst]) >= int32(i.imm) {
				goto jump
			}
		case jsge32X:
			if int32(r[i.dst]) >= int32(r[i.src]) {
				goto jump
			}
		case jslt64K:
			if int64(r[i.dst]) < int64(i.imm) {
				goto jump
			}
		case jslt64X:
			if int64(r[i.dst]) < int64(r[i.src]) {
				goto jump
			}
		case jslt32K:
			if int32(r[i.dst]) < int32(i.imm) {
				goto jump
			}
		case jslt32X:
			if int32(r[i.dst]) < int32(r[i.src]) {
				goto jump
			}
		case jsle64K:
			if int64(r[i.dst]) <= int64(i.imm) {
				goto jump
			}
		case jsle64X:
			if int64(r[i.dst]) <= int64(r[i.src]) {
				goto jump
			}
		case jsle32K:
			if int32(r[i.dst]) <= int32(i.imm) {
				goto jump
			}
		case jsle32X:
			if int32(r[i.dst]) <= int32(r[i.src]) {
				goto jump
			}

		case load8:
			a = r[i.src] + uint64(int64(i.off))
			if a>>32 != 0 || *at8(shadow, a)&read8 != read8 {
				goto badRead
			}
			if mutant.On(mutant.LDXBKeepsUpper) {
				r[i.dst] = r[i.dst]&^0xff | uint64(*at8(data, a))
				continue
			}
			r[i.dst] = uint64(*at8(data, a))
		case load16:
			a = r[i.src] + uint64(int64(i.off))
			if a>>32 != 0 || *at16(shadow, a)&read16 != read16 {
				goto badRead
			}
			r[i.dst] = uint64(*at16(data, a))
		case load32:
			a = r[i.src] + uint64(int64(i.off))
			if a>>32 != 0 || *at32(shadow, a)&read32 != read32 {
				goto badRead
			}
			r[i.dst] = uint64(*at32(data, a))
		case load64:
			a = r[i.src] + uint64(int64(i.off))
			if a>>32 != 0 || *at64(shadow, a)&read64 != read64 {
				goto badRead
			}
			r[i.dst] = *at64(data, a)
		case loadSx8:
			a = r[i.src] + uint64(int64(i.off))
			if a>>32 != 0 || *at8(shadow, a)&read8 != read8 {
				goto badRead
			}
			r[i.dst] = uint64(int8(*at8(data, a)))
		case loadSx16:
			a = r[i.src] + uint64(int64(i.off))
			if a>>32 != 0 || *at16(shadow, a)&read16 != read16 {
				goto badRead
			}
			r[i.dst] = uint64(int16(*at16(data, a)))
		case loadSx32:
			a = r[i.src] + uint64(int64(i.off))
			if a>>32 != 0 || *at32(shadow, a)&read32 != read32 {
				goto badRead
			}
			r[i.dst] = uint64(int32(*at32(data, a)))
		case store8K:
			a = r[i.dst] + uint64(int64(i.off))
			if a>>32 != 0 || *at8(shadow, a)&write8 != write8 {
				goto badWrite
			}
			*at8(data, a) = uint8(i.imm)
		case store16K:
			a = r[i.dst] + uint64(int64(i.off))
			if a>>32 != 0 || *at16(shadow, a)&write16 != write16 {
				goto badWrite
			}
			*at16(data, a) = uint16(i.imm)
		case store32K:
			a = r[i.dst] + uint64(int64(i.off))
			if a>>32 != 0 || *at32(shadow, a)&write32 != write32 {
				goto badWrite
			}
			*at32(data, a) = uint32(i.imm)
		case store64K:
			a = r[i.dst] + uint64(int64(i.off))
			if mutant.On(mutant.StackSlotAliased) {
				if i.dst == 10 && i.off == -16 {
					a += 8
				}
			}
			if a>>32 != 0 || *at64(shadow, a)&write64 != write64 {
				goto badWrite
			}
			*at64(data, a) = i.imm
		case store8X:
			a = r[i.dst] + uint64(int64(i.off))
			if a>>32 != 0 || *at8(shadow, a)&write8 != write8 {
				goto badWrite
			}
			*at8(data, a) = uint8(r[i.src])
		case store16X:
			a = r[i.dst] + uint64(int64(i.off))
			if a>>32 != 0 || *at16(shadow, a)&write16 != write16 {
				goto badWrite
			}
			*at16(data, a) = uint16(r[i.src])
		case store32X:
			a = r[i.dst] + uint64(int64(i.off))
			if a>>32 != 0 || *at32(shadow, a)&write32 != write32 {
				goto badWrite
			}
			*at32(data, a) = uint32(r[i.src])
		case store64X:
			a = r[i.dst] + uint64(int64(i.off))
			if mutant.On(mutant.StackSlotAliased) {
				if i.dst == 10 && i.off == -16 {
					a += 8
				}
			}
			if a>>32 != 0 || *at64(shadow, a)&write64 != write64 {
				goto badWrite
			}
			*at64(data, a) = r[i.src]

		// Fused pairs.
		// End of the fused pairs.

		default:
			goto out
		}
		continue

	jump:
		ip = after(ip, int64(i.off))
		acc -= uint64(int64(i.off))
		if pos(ip)+acc > limit {
			i = ip
			s.at(i, pos(i)+acc)
			return leaveFuel
		}
	}

out:
	s.at(i, pos(i)+acc+size)
	return leaveInsn

badRead:
	s.fault = vm.Fault{Kind: vm.FaultRead, Addr: a}
	s.at(i, pos(i)+acc+size)
	return leaveFault

badWrite:
	s.fault = vm.Fault{Kind: vm.FaultWrite, Addr: a}
	s.at(i, pos(i)+acc+size)
	return leaveFault
}
