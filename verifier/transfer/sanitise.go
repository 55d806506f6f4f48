package transfer

import (
	"github.com/lockstep-ebpf/lockstep/spec"
	"github.com/lockstep-ebpf/lockstep/verifier/release"
	"github.com/lockstep-ebpf/lockstep/verifier/state"
)

// Programs of those without CAP_PERFMON must not make the processor speculate out of
// bounds (Spectre v1). Linux masks a number that is added to an address so that the sum
// stays within its object even on a path that is not taken. The mask is written into the
// program, so it has to be the same on every path that comes by:
//
//	r2 += r1     r2 = map value + 4 of 48     r1 = [0, 15]     mask: 15 more bytes at most
//
// Here the rules show that the mask can be made. The paths that only speculation takes are
// not followed; since Linux 6.17 what fails there is fenced off, and no verdict hangs on it.

// mask is how one instruction is masked.
type mask struct {
	kind  uint8
	limit uint32
}

// Parts of mask.kind.
const (
	maskNegative uint8 = 1 << iota
	maskConst
	maskSource
	maskDest
	maskNumbers // no address is involved
)

// masking is what is known of the mask before the address has moved.
type masking struct {
	on    bool
	kind  uint8
	left  bool // the address moves down
	limit uint32
	src   uint8 // the register that is not the address
}

const forbidden = "pointer arithmetic with it prohibited for !root"

var signs = map[uint8]string{spec.OpADD: "add", spec.OpSUB: "sub"}

// masked reports whether an instruction is subject to masking.
func (m *Machine) masked(i spec.Insn, code uint8) bool {
	return !m.may(release.Perfmon) && i.Op&spec.SrcX != 0 && (code == spec.OpADD || code == spec.OpSUB)
}

// sanitise is Linux's sanitize_ptr_alu in front of the operation. swapped: the address is
// the source.
func (m *Machine) sanitise(i spec.Insn, ptr, off *state.Reg, swapped bool) (masking, *Failure) {
	code := i.Op & 0xf0
	if !m.masked(i, code) {
		return masking{}, nil
	}
	address, number := i.Dst, i.Src
	if swapped {
		address, number = i.Src, i.Dst
	}
	low, high := off.Num.S.Min, off.Num.S.Max
	_, known := off.Const()
	if !known && (low < 0) != (high < 0) {
		return masking{}, failReg("spectre-sign", number, off, "a number of one sign, or CAP_PERFMON", "R%d has unknown scalar with mixed signed bounds, %s", number, forbidden)
	}
	x := masking{on: true, left: (code == spec.OpADD) == (low < 0), src: number, kind: maskSource}
	if swapped {
		x.kind = maskDest
	}
	if low < 0 {
		x.kind |= maskNegative
	}
	if known {
		x.kind |= maskConst
	}
	var f *Failure
	x.limit, f = m.maskLimit(i, ptr, address, x.left)
	return x, f
}

// maskLimit is how far an address may move (Linux's retrieve_ptr_limit).
func (m *Machine) maskLimit(i spec.Insn, ptr *state.Reg, n uint8, left bool) (uint32, *Failure) {
	limit, most := uint32(0), uint32(0)
	switch ptr.Kind {
	case state.Stack:
		if most = state.FrameSize; left {
			most++
		}
		limit = -(uint32(ptr.Off) + uint32(ptr.Num.Bits.Value))
	case state.MapValue:
		most = m.mapOf(ptr).ValueSize
		if limit = uint32(ptr.Num.U.Max) + uint32(ptr.Off); left {
			limit = uint32(ptr.Num.S.Min) + uint32(ptr.Off)
		}
	default:
		return 0, failReg("spectre-kind", n, ptr, "stack or a map value, or CAP_PERFMON", "R%d has pointer with unsupported alu operation, %s", n, forbidden)
	}
	if limit >= most {
		return 0, failReg("spectre-bounds", i.Dst, ptr, "an address that stays in its object, or CAP_PERFMON",
			"R%d tried to %s beyond pointer bounds, %s", i.Dst, signs[i.Op&0xf0], forbidden)
	}
	return limit, nil
}

// sanitised looks at the address after the operation.
func (m *Machine) sanitised(pc int, i spec.Insn, ptr *state.Reg, x masking) *Failure {
	if m.may(release.Perfmon) {
		return nil
	}
	if f := m.staysInside(i.Dst, ptr); f != nil || !x.on {
		return f
	}
	limit, f := m.maskLimit(i, ptr, i.Dst, x.left)
	if f != nil {
		return f
	}
	if limit > x.limit {
		limit, x.limit = x.limit, limit
	}
	return m.sameMask(pc, i, mask{x.kind, x.limit - limit})
}

// staysInside is Linux's sanitize_check_bounds: an address may not leave its object, not
// even on the way to a use within it.
func (m *Machine) staysInside(n uint8, ptr *state.Reg) *Failure {
	switch ptr.Kind {
	case state.Stack:
		v, fixed := ptr.Num.Const()
		if !fixed {
			return failReg("spectre-stack", n, ptr, "a known offset, or CAP_PERFMON", "R%d variable stack access prohibited for !root, var_off=%s off=%d",
				n, bitsText(ptr.Num.Bits), ptr.Off)
		}
		if at := int64(ptr.Off) + int64(v); at >= 0 || at < -state.FrameSize {
			return failReg("spectre-stack", n, ptr, "an offset from -512 to -1, or CAP_PERFMON", "R%d stack pointer arithmetic goes out of range, prohibited for !root; off=%d", n, at)
		}
	case state.MapValue:
		if f := m.bounds(ptr, n, 0, 1, false); f != nil {
			f.Rule = "spectre-map-value"
			f.Text += "\n" + failReg("", n, ptr, "", "R%d pointer arithmetic of map value goes out of range, prohibited for !root", n).Text
			return f
		}
	}
	return nil
}

// sameMask demands that all paths want the same mask.
func (m *Machine) sameMask(pc int, i spec.Insn, x mask) *Failure {
	if m.masks == nil {
		m.masks = map[int]mask{}
	}
	if before, ok := m.masks[pc]; ok && before != x {
		f := fail("spectre-paths", "R%d tried to %s from different maps, paths or scalars, %s", i.Dst, signs[i.Op&0xf0], forbidden)
		f.Need = "the same address and number on every path, or CAP_PERFMON"
		return f
	}
	m.masks[pc] = x
	return nil
}

// sanitiseNumbers is for an operation on two numbers: the same instruction may not be
// about an address on another path.
func (m *Machine) sanitiseNumbers(pc int, i spec.Insn, code uint8) *Failure {
	if !m.masked(i, code) {
		return nil
	}
	return m.sameMask(pc, i, mask{kind: maskNumbers})
}
