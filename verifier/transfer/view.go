package transfer

import (
	"github.com/lockstep-ebpf/lockstep/spec"
	"github.com/lockstep-ebpf/lockstep/verifier/state"
	"github.com/lockstep-ebpf/lockstep/vm/maps"
)

// MapOf is the blueprint of the map that a register has to do with; nil if it has not.
func (m *Machine) MapOf(r *state.Reg) *maps.Spec {
	if r.Kind != state.Map && r.Kind != state.MapValue || r.Map < 0 || int(r.Map) >= len(m.Maps) {
		return nil
	}
	return m.mapOf(r)
}

// StackSlots are the slots that an instruction's own access may touch, as a mask, and the
// frame they are in. Mask is 0 if it is no access to a stack.
func (m *Machine) StackSlots(s *state.State) (frame int, mask uint64, fixed bool) {
	i := m.Insns[s.PC]
	reg, ok := addressOf(i)
	if _, bad := m.Graph.Malformed[s.PC]; !ok || bad {
		return 0, 0, false
	}
	r := s.Reg(reg)
	if r.Kind != state.Stack || r.Num.S.Min < -state.FrameSize || r.Num.S.Max > state.FrameSize {
		return 0, 0, false
	}
	at := int(r.Off) + int(i.Off)
	p := span{int(r.Frame), at + int(r.Num.S.Min), at + int(r.Num.S.Max), i.Bytes()}
	if p.low < -state.FrameSize || p.high+p.size > 0 {
		return 0, 0, false
	}
	return p.frame, p.mask(), p.fixed()
}

// addressOf is the register that holds the address of a load, a store or an atomic.
func addressOf(i spec.Insn) (reg uint8, ok bool) {
	switch class := i.Class(); {
	case class == spec.ClassLDX:
		return i.Src, true
	case class == spec.ClassST:
		return i.Dst, true
	case class == spec.ClassSTX && i.Op&0xe0 == spec.ModeATOMIC && i.Imm == spec.AtomicLoadAcq:
		return i.Src, true
	case class == spec.ClassSTX:
		return i.Dst, true
	}
	return 0, false
}
