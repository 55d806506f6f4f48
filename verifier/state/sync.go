package state

import (
	"github.com/lockstep-ebpf/lockstep/internal/mutant"
	"github.com/lockstep-ebpf/lockstep/verifier/num"
)

// Sync narrows all registers that hold the same number as r, which a branch has narrowed.
// from is what that was decided by. It is false if there is no such number: control does
// not come here.
func (s *State) Sync(r Reg, from *Node) (alive bool) {
	if r.ID == 0 || r.Kind != Scalar {
		return true
	}
	alive = true
	s.Each(func(x *Reg) bool {
		if x.Kind != Scalar || x.ID != r.ID {
			return false
		}
		d := int64(x.Delta) - int64(r.Delta)
		if mutant.On(mutant.VerifierDeltaForgotten) {
			d = 0
		}
		n := r.Num
		if d != 0 {
			n = num.W64.ALU(num.Add, r.Num, num.W64.Const(uint64(d)))
		}
		n = num.W64.Meet(x.Num, n)
		if n == x.Num {
			return false
		}
		x.Num, x.Node = n, NewNode(x.Node, from)
		if n.IsBottom() {
			alive = false
			x.Node.Demand()
		}
		return true
	})
	return alive
}
