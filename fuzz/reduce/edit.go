package reduce

import (
	"github.com/lockstep-ebpf/lockstep/spec"
	"github.com/lockstep-ebpf/lockstep/vm"
)

// node is an instruction of a program under edit. What it points to, it points to
// by node and not by distance, so that nodes can come and go.
type node struct {
	spec.Insn
	hi spec.Insn // second slot of an LDDW
	to int       // index of the node that a jump, call or callback names; -1 if none
}

// parse takes apart a program that has passed vm.Check.
func parse(insns []spec.Insn) []node {
	index := make([]int, len(insns)+1) // of nodes, by slot
	var nodes []node
	for pc := 0; pc < len(insns); pc++ {
		index[pc] = len(nodes)
		n := node{Insn: insns[pc], to: -1}
		if to, ok := refers(insns[pc], pc); ok {
			n.to = to
		}
		if n.Wide() {
			pc++
			n.hi = insns[pc]
		}
		nodes = append(nodes, n)
	}
	for i := range nodes {
		if nodes[i].to >= 0 {
			nodes[i].to = index[nodes[i].to]
		}
	}
	return nodes
}

// refers gives the slot that an instruction names.
func refers(i spec.Insn, pc int) (to int, ok bool) {
	if i.Op == spec.CALL && i.Src == spec.CallLocal || i.Op == spec.LDDW && i.Src == spec.LDDWFunc {
		return pc + 1 + int(i.Imm), true
	}
	return vm.JumpTarget(i, pc)
}

// format puts a program together again. ok is false if a distance does not fit.
func format(nodes []node) (insns []spec.Insn, ok bool) {
	slot := make([]int, len(nodes)+1)
	for i, n := range nodes {
		slot[i+1] = slot[i] + 1
		if n.Wide() {
			slot[i+1]++
		}
	}
	insns = make([]spec.Insn, 0, slot[len(nodes)])
	for i, n := range nodes {
		if n.to >= 0 {
			d := slot[n.to] - slot[i] - 1
			switch {
			case n.Op == spec.CALL, n.Op == spec.LDDW, n.Op == spec.JA32:
				n.Imm = int32(d)
			case d != int(int16(d)):
				return nil, false
			default:
				n.Off = int16(d)
			}
		}
		insns = append(insns, n.Insn)
		if n.Wide() {
			insns = append(insns, n.hi)
		}
	}
	return insns, true
}

// without copies nodes but for those from lo to hi. What pointed to one of these
// points to the next that stays.
func without(nodes []node, lo, hi int) []node {
	out := make([]node, 0, len(nodes))
	out = append(out, nodes[:lo]...)
	out = append(out, nodes[hi:]...)
	for i := range out {
		switch t := out[i].to; {
		case t >= hi:
			out[i].to = t - (hi - lo)
		case t > lo:
			out[i].to = lo
		}
	}
	return out
}

// insert copies nodes with more of them before index at. What pointed to the node
// at that index still does.
func insert(nodes []node, at int, more ...node) []node {
	out := make([]node, 0, len(nodes)+len(more))
	out = append(out, nodes[:at]...)
	out = append(out, more...)
	out = append(out, nodes[at:]...)
	for i := range out {
		if (i < at || i >= at+len(more)) && out[i].to >= at {
			out[i].to += len(more)
		}
	}
	return out
}

// nodeAt is the index of the node at a slot.
func nodeAt(nodes []node, slot int) int {
	at := 0
	for i, n := range nodes {
		if at >= slot {
			return i
		}
		at++
		if n.Wide() {
			at++
		}
	}
	return len(nodes)
}

// constant gives the shortest instruction that sets a register to a number.
func constant(reg uint8, v uint64) node {
	if v == uint64(int64(int32(v))) {
		return node{Insn: spec.Insn{Op: spec.MOV, Dst: reg, Imm: int32(v)}, to: -1}
	}
	return node{
		Insn: spec.Insn{Op: spec.LDDW, Dst: reg, Imm: int32(v)},
		hi:   spec.Insn{Imm: int32(v >> 32)}, to: -1,
	}
}

func plain(i spec.Insn) node { return node{Insn: i, to: -1} }

// move copies a register.
func move(dst, src uint8) node { return plain(spec.Insn{Op: spec.MOVX, Dst: dst, Src: src}) }

var exit = plain(spec.Insn{Op: spec.EXIT})
