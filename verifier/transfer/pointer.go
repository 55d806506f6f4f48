package transfer

import (
	"github.com/lockstep-ebpf/lockstep/internal/mutant"
	"github.com/lockstep-ebpf/lockstep/spec"
	"github.com/lockstep-ebpf/lockstep/verifier/num"
	"github.com/lockstep-ebpf/lockstep/verifier/release"
	"github.com/lockstep-ebpf/lockstep/verifier/state"
)

// maxOffset is how far a pointer may be moved (BPF_MAX_VAR_OFF).
const maxOffset = 1 << 29

// opSigns are operators as Linux's messages write them.
var opSigns = map[uint8]string{
	spec.OpADD: "+=", spec.OpSUB: "-=", spec.OpMUL: "*=", spec.OpDIV: "/=", spec.OpOR: "|=", spec.OpAND: "&=",
	spec.OpLSH: "<<=", spec.OpRSH: ">>=", spec.OpMOD: "%=", spec.OpXOR: "^=", spec.OpARSH: "s>>=",
}

// pointerALU is dst op= src where at least one is an address.
func (m *Machine) pointerALU(s *state.State, i spec.Insn, src state.Reg, code uint8, wide bool) *Failure {
	dst := s.Reg(i.Dst)
	if dst.IsPointer() && src.IsPointer() {
		if code == spec.OpSUB && m.may(release.Perfmon) { // some number; who may see addresses may see that
			*dst = state.Unknown()
			return nil
		}
		return failReg("pointer-pointer", i.Dst, dst, "a number", "R%d pointer %s pointer prohibited", i.Dst, opSigns[code])
	}
	ptr, off, swapped := *dst, src, false
	by := i.Dst // the register that the offset is in
	if !dst.IsPointer() {
		ptr, off, swapped = src, *dst, true
	} else if i.Op&spec.SrcX != 0 {
		by = i.Src
	}
	if !wide {
		if code == spec.OpSUB && m.may(release.Perfmon) {
			*dst = state.Unknown()
			dst.Num = w.Zext(dst.Num, 32)
			return nil
		}
		return failReg("pointer-32", i.Dst, dst, "64-bit arithmetic", "R%d 32-bit pointer arithmetic prohibited", i.Dst)
	}
	if f := movable(i.Dst, by, &ptr, &off); f != nil {
		return f
	}
	before, f := m.sanitise(i, &ptr, &off, swapped)
	if f != nil {
		return f
	}
	switch code {
	case spec.OpADD:
		off.Node.Demand()
		m.move(&ptr, off.Num, false)
	case spec.OpSUB:
		if swapped {
			return failReg("scalar-pointer", i.Dst, dst, "an address on the left", "R%d tried to subtract pointer from scalar", i.Dst)
		}
		if ptr.Kind == state.Stack {
			return failReg("stack-sub", i.Dst, dst, "an addition", "R%d subtraction from stack pointer prohibited", i.Dst)
		}
		off.Node.Demand()
		m.move(&ptr, off.Num, true)
	case spec.OpAND, spec.OpOR, spec.OpXOR:
		return failReg("pointer-bits", i.Dst, &ptr, "+= or -=", "R%d bitwise operator %s on pointer prohibited", i.Dst, opSigns[code])
	default:
		return failReg("pointer-op", i.Dst, &ptr, "+= or -=", "R%d pointer arithmetic with %s operator prohibited", i.Dst, opSigns[code])
	}
	if f := sane(i.Dst, &ptr, &ptr); f != nil {
		return f
	}
	if f := m.sanitised(s.PC, i, &ptr, before); f != nil {
		return f
	}
	if swapped && ptr.Kind == state.Stack && m.unsound(release.FrameLost) {
		ptr.Frame = 0
	}
	*dst = ptr
	return nil
}

// movable says whether an address may be moved, and by such a number.
func movable(n, by uint8, ptr, off *state.Reg) *Failure {
	switch {
	case ptr.Null && !mutant.On(mutant.VerifierNullMoves):
		return failReg("null-moves", n, ptr, "a null check", "R%d pointer arithmetic on %s prohibited, null-check it first", n, ptr.TypeName())
	case ptr.Kind == state.Map:
		if v, ok := off.Const(); ok && v == 0 {
			return nil
		}
		fallthrough
	case ptr.Kind == state.FlowKeys && isConst(off):
		return nil
	case ptr.Kind == state.PacketEnd, ptr.Kind == state.FlowKeys, ptr.IsSock():
		return failReg("pointer-kind", n, ptr, "an address that may be moved", "R%d pointer arithmetic on %s prohibited", n, ptr.TypeName())
	}
	return sane(by, off, ptr)
}

func isConst(r *state.Reg) bool {
	_, known := r.Const()
	return known
}

// sane is Linux's check_reg_sane_offset.
func sane(n uint8, x, ptr *state.Reg) *Failure {
	kind := ptr.TypeName()
	if v, ok := x.Num.Const(); ok && (int64(v) >= maxOffset || int64(v) <= -maxOffset) {
		return failReg("offset-range", n, x, "less than 2^29", "math between %s pointer and %d is not allowed", kind, int64(v))
	}
	if x.IsPointer() && (x.Off >= maxOffset || x.Off <= -maxOffset) {
		return failReg("offset-range", n, x, "less than 2^29", "%s pointer offset %d is not allowed", kind, x.Off)
	}
	switch low := x.Num.S.Min; {
	case mutant.On(mutant.VerifierOffsetUnbounded):
	case low == -1<<63:
		return failReg("offset-unbounded", n, x, "a lower bound", "math between %s pointer and register with unbounded min value is not allowed", kind)
	case low >= maxOffset || low <= -maxOffset:
		return failReg("offset-range", n, x, "less than 2^29", "value %d makes %s pointer be out of bounds", low, kind)
	}
	return nil
}

// move adds a number to an address, or takes it away. What is constant stays apart from
// what is not, so that the identity of the latter lives on.
func (m *Machine) move(ptr *state.Reg, off num.Scalar, back bool) {
	if v, ok := off.Const(); ok {
		d := int64(v)
		if back {
			d = -d
		}
		if sum := int64(ptr.Off) + d; sum == int64(int32(sum)) {
			ptr.Off = int32(sum)
			return
		}
	}
	op := num.Add
	if back {
		op = num.Sub
	}
	ptr.Num = w.ALU(op, ptr.Num, off)
	if ptr.IsPacket() {
		ptr.ID = m.id()
		if !mutant.On(mutant.VerifierRangeKept) {
			ptr.Range = 0
		}
	}
}
