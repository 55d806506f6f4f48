package fastvm

import (
	"math"
	"math/bits"

	"github.com/lockstep-ebpf/lockstep/internal/mutant"
	"github.com/lockstep-ebpf/lockstep/vm"
	"github.com/lockstep-ebpf/lockstep/vm/mem"
)

// loopCareful runs from s.pc until something has to be done that it cannot do, and
// says what. Then s.pc is the instruction concerned, and s.steps counts it.
//
// The other loops are made from this text by gen_test.go. It looks for the lines
// with s.load, s.store and limit, and for the cases, so keep their form.
func (s *state) loopCareful() leave {
	var (
		r     = &s.r
		limit = s.limit
		i     = &s.inst.code[s.pc]
		acc   = s.steps*size - pos(i) // see Fuel in the package's comment
		a, v  uint64                  // the address of an access, and what was loaded
		ok    bool
	)
	for {
		if pos(i)+acc >= limit {
			s.at(i, pos(i)+acc)
			return leaveFuel
		}
		switch first(i.op) {
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
				goto next
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
					goto next
				}
			}
			r[i.dst] = uint64(uint32(int32(r[i.dst]) / y))
		case sdiv32X:
			y := int32(r[i.src])
			if mutant.On(mutant.SDivOverflowIsZero) {
				if y == -1 && int32(r[i.dst]) == math.MinInt32 {
					r[i.dst] = 0
					goto next
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
					goto next
				}
			}
			r[i.dst] = uint64(int64(r[i.dst]) / y)
		case sdiv64X:
			y := int64(r[i.src])
			if mutant.On(mutant.SDivOverflowIsZero) {
				if y == -1 && int64(r[i.dst]) == math.MinInt64 {
					r[i.dst] = 0
					goto next
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
			i = after(i, size) // over the second slot, which is no instruction
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
				goto next
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
				goto next
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
			if v, ok = s.load(a, 1); !ok {
				goto badRead
			}
			if mutant.On(mutant.LDXBKeepsUpper) {
				r[i.dst] = r[i.dst]&^0xff | v
				goto next
			}
			r[i.dst] = v
		case load16:
			a = r[i.src] + uint64(int64(i.off))
			if v, ok = s.load(a, 2); !ok {
				goto badRead
			}
			r[i.dst] = v
		case load32:
			a = r[i.src] + uint64(int64(i.off))
			if v, ok = s.load(a, 4); !ok {
				goto badRead
			}
			r[i.dst] = v
		case load64:
			a = r[i.src] + uint64(int64(i.off))
			if v, ok = s.load(a, 8); !ok {
				goto badRead
			}
			r[i.dst] = v
		case loadSx8:
			a = r[i.src] + uint64(int64(i.off))
			if v, ok = s.load(a, 1); !ok {
				goto badRead
			}
			r[i.dst] = uint64(int8(v))
		case loadSx16:
			a = r[i.src] + uint64(int64(i.off))
			if v, ok = s.load(a, 2); !ok {
				goto badRead
			}
			r[i.dst] = uint64(int16(v))
		case loadSx32:
			a = r[i.src] + uint64(int64(i.off))
			if v, ok = s.load(a, 4); !ok {
				goto badRead
			}
			r[i.dst] = uint64(int32(v))
		case store8K:
			a = r[i.dst] + uint64(int64(i.off))
			if !s.store(a, 1, i.imm) {
				goto badWrite
			}
		case store16K:
			a = r[i.dst] + uint64(int64(i.off))
			if !s.store(a, 2, i.imm) {
				goto badWrite
			}
		case store32K:
			a = r[i.dst] + uint64(int64(i.off))
			if !s.store(a, 4, i.imm) {
				goto badWrite
			}
		case store64K:
			a = r[i.dst] + uint64(int64(i.off))
			if mutant.On(mutant.StackSlotAliased) {
				if i.dst == 10 && i.off == -16 {
					a += 8
				}
			}
			if !s.store(a, 8, i.imm) {
				goto badWrite
			}
		case store8X:
			a = r[i.dst] + uint64(int64(i.off))
			if !s.store(a, 1, r[i.src]) {
				goto badWrite
			}
		case store16X:
			a = r[i.dst] + uint64(int64(i.off))
			if !s.store(a, 2, r[i.src]) {
				goto badWrite
			}
		case store32X:
			a = r[i.dst] + uint64(int64(i.off))
			if !s.store(a, 4, r[i.src]) {
				goto badWrite
			}
		case store64X:
			a = r[i.dst] + uint64(int64(i.off))
			if mutant.On(mutant.StackSlotAliased) {
				if i.dst == 10 && i.off == -16 {
					a += 8
				}
			}
			if !s.store(a, 8, r[i.src]) {
				goto badWrite
			}

		case callLocal:
			n := s.depth + 1
			if n >= s.ready {
				goto out
			}
			f := &s.frames[n%mem.MaxFrames]
			f.prog, f.ret, f.loop.on = s.inst.loaded.ID, s.slot(i)+1, false
			f.saved[0], f.saved[1], f.saved[2], f.saved[3] = r[6], r[7], r[8], r[9]
			r[10] += mem.FrameStride
			s.depth = n
			goto jump
		case exit:
			n := s.depth
			f := &s.frames[n%mem.MaxFrames]
			if n == 0 || n >= s.ready || f.loop.on || f.prog != s.inst.loaded.ID {
				goto out
			}
			if !mutant.On(mutant.CalleeClobbersR6) {
				r[6] = f.saved[0]
			}
			r[7], r[8], r[9] = f.saved[1], f.saved[2], f.saved[3]
			r[10] -= mem.FrameStride
			s.depth = n - 1
			acc += pos(i) + size
			i = &s.inst.code[f.ret]
			acc -= pos(i)
			goto turned

		default:
			goto out
		}

	next:
		i = after(i, size)
		continue

	jump:
		acc -= uint64(int64(i.off))
		i = after(i, int64(i.off)+size)
	turned:
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
