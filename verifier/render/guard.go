package render

import (
	"fmt"

	"github.com/lockstep-ebpf/lockstep/spec"
	"github.com/lockstep-ebpf/lockstep/verifier/state"
)

// note says which comparisons with the packet's end the path has, where none of them holds
// for the pointer that fails.
func (n *narrator) note(last *step) string {
	r := n.f.State.Reg(uint8(n.f.Register))
	if !r.IsPacket() || r.Range > 0 {
		return ""
	}
	for st := last.prev; st != nil && st.pc >= 0; st = st.prev {
		p := n.compared(st)
		if p == nil {
			continue
		}
		where := fmt.Sprintf("The last comparison with the packet's end, at insn %d (%s),", st.pc, n.insns.text(st.pc))
		if p.ID != r.ID {
			return fmt.Sprintf("%s says nothing of r%d, which has another variable offset.", where, n.f.Register)
		}
		return where + " shows no bytes on the way that the path takes."
	}
	return "Nothing on this path compares a packet pointer with the packet's end."
}

// compared is the packet pointer that a step compares with the packet's end, or nil.
func (n *narrator) compared(st *step) *state.Reg {
	i := n.insns.p.Insns[st.pc]
	if i.Class() != spec.ClassJMP || i.Op&spec.SrcX == 0 || i.Op == spec.JA {
		return nil
	}
	_, a := find(st.prev, place{st.depth, false, int(i.Dst)})
	_, b := find(st.prev, place{st.depth, false, int(i.Src)})
	if a == nil || b == nil {
		return nil
	}
	switch {
	case a.IsPacket() && b.Kind == state.PacketEnd:
		return a
	case b.IsPacket() && a.Kind == state.PacketEnd:
		return b
	}
	return nil
}
