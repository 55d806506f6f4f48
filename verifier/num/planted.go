package num

import "github.com/lockstep-ebpf/lockstep/internal/mutant"

// The planted bugs that would be in the way where they belong. In a normal build these
// functions are empty.

// plant64 spoils what a 64-bit operator says of the lower half.
func (w Width) plant64(op Op, x, y *Scalar, sub *result) {
	bitwise := op == And || op == Or || op == Xor
	if mutant.On(mutant.NumBitwise32Stale) && bitwise && x.U32.Min == x.U32.Max && y.U32.Min == y.U32.Max {
		sub.hull = hull{x.U32, x.S32}
	}
}

// plant32 spoils the operands of a 32-bit operator.
func (w Width) plant32(op Op, x, y *Scalar, a, b *word) {
	if mutant.On(mutant.NumDiv32ZeroTest) && (op == Div || op == Mod) && y.U.Min > 0 && b.at[0].lo == 0 {
		b.at[0].lo = min(1, b.at[0].hi)
	}
	if lo, hi := x.U.Min&ones(w.Sub), x.U.Max&ones(w.Sub); mutant.On(mutant.NumOr32CutBounds) && op == Or && lo <= hi {
		a.cut(Unsigned{lo, hi}, anySigned(w.Sub), w.Sub)
	}
}
