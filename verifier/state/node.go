package state

import "github.com/lockstep-ebpf/lockstep/internal/mutant"

// Node stands for the number that a register or a slot held at a [Checkpoint]. It says
// whether anything was decided by it: a branch that went one way only, an address, a size.
// If nothing was, another number would have done as well, and states that differ in it
// alone are the same to the verifier. That makes loops and trees of branches cheap.
//
//	checkpoint      r6 ─ node A            r7 ─ node B
//	r6 += r7        r6 ─ node C{A, B}
//	r1 = r10 + r6   C is demanded, so A and B are, and what they were made from before
//
// Linux finds the same by walking back over the instructions (mark_chain_precision). Here
// numbers remember what they were made from. Only checkpoints and operations with two
// sources make nodes.
type Node struct {
	demanded bool
	a, b     *Node
	more     []*Node // where loops close
}

// NewNode is a number made from what a and b stand for; either may be nil, a constant.
func NewNode(a, b *Node) *Node {
	switch {
	case b == nil || a == b:
		return a
	case a == nil:
		return b
	}
	return &Node{a: a, b: b}
}

// Demanded reports whether anything was decided by the number.
func (n *Node) Demanded() bool { return n != nil && n.demanded }

// Demand says that the number decides something, and all that it was made from.
func (n *Node) Demand() {
	if n == nil || n.demanded {
		return
	}
	n.demanded = true
	work := []*Node{n}
	push := func(n *Node) {
		if n != nil && !n.demanded {
			n.demanded = true
			work = append(work, n)
		}
	}
	for len(work) > 0 {
		n := work[len(work)-1]
		work = work[:len(work)-1]
		push(n.a)
		if !mutant.On(mutant.VerifierDemandStops) {
			push(n.b)
		}
		for _, m := range n.more {
			push(m)
		}
	}
}

// follows makes what is demanded of n demanded of m as well.
func (n *Node) follows(m *Node) {
	if n == nil || m == nil || n == m {
		return
	}
	if n.demanded {
		m.Demand()
		return
	}
	n.more = append(n.more, m)
}
