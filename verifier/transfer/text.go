package transfer

import (
	"fmt"

	"github.com/lockstep-ebpf/lockstep/verifier/num"
	"github.com/lockstep-ebpf/lockstep/verifier/state"
)

// rangeText is a number's bounds as Linux writes them where a result is out of range.
func rangeText(r *state.Reg) string {
	s := r.Num.S
	switch {
	case s.Min == -1<<63 && s.Max == 1<<63-1:
		return "unknown scalar value"
	case s.Min == -1<<63:
		return fmt.Sprintf("smax=%d", s.Max)
	case s.Max == 1<<63-1:
		return fmt.Sprintf("smin=%d", s.Min)
	}
	return fmt.Sprintf("smin=%d smax=%d", s.Min, s.Max)
}

// bitsText is a tnum as Linux writes it: a constant as a number, C's %#llx.
func bitsText(t num.Tnum) string {
	switch {
	case !t.IsConst():
		return t.String()
	case t.Value == 0:
		return "0"
	}
	return fmt.Sprintf("%#x", t.Value)
}
