package render

import (
	"fmt"
	"math"
	"strings"

	"github.com/lockstep-ebpf/lockstep/verifier/num"
	"github.com/lockstep-ebpf/lockstep/verifier/state"
	"github.com/lockstep-ebpf/lockstep/verifier/transfer"
)

// everything is all registers, or all slots.
const (
	allRegs  = uint16(1<<11 - 1)
	allSlots = ^uint64(0)
)

// stateText is a frame as Linux 6.18's log has it: the registers of a mask that hold
// something, then the stack slots, then references.
//
//	R1=ctx() R2=pkt(off=14,r=14) R10=fp0 fp-8=mmmmmmmm fp-16=5 refs=3
func stateText(m *transfer.Machine, s *state.State, frame int, regs uint16, slots uint64) string {
	var b strings.Builder
	f := s.Frames[frame]
	if frame > 0 {
		fmt.Fprintf(&b, " frame%d:", frame)
	}
	for n := range f.Regs {
		if r := &f.Regs[n]; regs>>n&1 != 0 && r.Kind != state.NotInit {
			fmt.Fprintf(&b, " R%d=%s", n, regText(m, r, frame))
		}
	}
	for n := range f.Stack {
		if slot := &f.Stack[n]; slots>>n&1 != 0 && slot.Bytes != [8]state.Byte{} {
			fmt.Fprintf(&b, " fp%d=%s", -8*(n+1), slotText(m, slot, frame))
		}
	}
	for i, r := range s.Refs {
		sep := ","
		if i == 0 {
			sep = " refs="
		}
		fmt.Fprintf(&b, "%s%d", sep, r.ID)
	}
	if f.Callback != state.Called {
		b.WriteString(" cb")
	}
	return b.String()
}

// byteSigns are the kinds of a byte of stack.
var byteSigns = [...]byte{state.Unwritten: '?', state.Misc: 'm', state.Zero: '0', state.Spilled: 'r'}

// slotText is a slot of the stack: one sign a byte, highest address first, and in place of
// the last ones the register that was spilled there.
func slotText(m *transfer.Machine, slot *state.Slot, frame int) string {
	if slot.Spill == nil {
		return slotSigns(slot)
	}
	return slotSigns(slot) + regText(m, slot.Spill, frame)
}

// slotSigns are the signs of the bytes that no register was spilled to.
func slotSigns(slot *state.Slot) string {
	var signs []byte
	for i := 7; i >= 0 && (slot.Spill == nil || slot.Bytes[i] != state.Spilled); i-- {
		signs = append(signs, byteSigns[slot.Bytes[i]])
	}
	return string(signs)
}

// regText is a register as the log has it; frame is the one it is looked at from.
func regText(m *transfer.Machine, r *state.Reg, frame int) string {
	v, fixed := r.Num.Const()
	switch {
	case r.Kind == state.Scalar && fixed:
		return signedText(int64(v))
	case r.Kind == state.Stack:
		name := "fp"
		if int(r.Frame) != frame {
			name = fmt.Sprintf("fp[%d]", r.Frame)
		}
		if fixed {
			return name + signedText(int64(v)+int64(r.Off))
		}
		return name + "(" + strings.Join(fields(m, r), ",") + ")"
	}
	return r.TypeName() + "(" + strings.Join(fields(m, r), ",") + ")"
}

// fields are what stands in the brackets.
func fields(m *transfer.Machine, r *state.Reg) (list []string) {
	add := func(format string, args ...any) { list = append(list, fmt.Sprintf(format, args...)) }
	switch {
	case r.ID != 0 && r.Delta != 0:
		add("id=%d%+d", r.ID, r.Delta)
	case r.ID != 0:
		add("id=%d", r.ID)
	}
	if r.Ref != 0 {
		add("ref_obj_id=%d", r.Ref)
	}
	if x := m.MapOf(r); x != nil {
		if x.Name != "" {
			add("map=%s", x.Name)
		}
		add("ks=%d,vs=%d", x.KeySize, x.ValueSize)
	}
	if r.Kind != state.Scalar && r.Off != 0 {
		add("off=%s", signedText(int64(r.Off)))
	}
	if r.IsPacket() {
		add("r=%s", unsignedText(uint64(int64(r.Range))))
	}
	if r.Kind == state.Mem {
		add("sz=%s", unsignedText(uint64(r.Size)))
	}
	if v, ok := r.Num.Const(); !ok {
		if x := scalarFields(r.Num); x != "" {
			add("%s", x)
		}
	} else if v != 0 {
		add("imm=%s", signedText(int64(v)))
	}
	return list
}

// scalarFields are the bounds and bits of a number that is not a constant.
func scalarFields(x num.Scalar) string {
	return strings.TrimSuffix(strings.TrimPrefix(x.String(), "scalar("), ")")
}

// signedText and unsignedText are numbers in the log: more than 16 bits in hexadecimal.
func signedText(v int64) string {
	if math.MinInt16 <= v && v <= math.MaxInt16 {
		return fmt.Sprint(v)
	}
	return fmt.Sprintf("%#x", uint64(v))
}

func unsignedText(v uint64) string {
	if v <= math.MaxUint16 {
		return fmt.Sprint(v)
	}
	return fmt.Sprintf("%#x", v)
}
