package vm

import (
	"math"

	"github.com/lockstep-ebpf/lockstep/vm/hook"
	"github.com/lockstep-ebpf/lockstep/vm/maps"
	"github.com/lockstep-ebpf/lockstep/vm/mem"
)

// Helpers of programs whose context is a socket buffer (Linux's net/core/filter.c).
var skbHelpers = map[int32]*Helper{
	26: {Name: "skb_load_bytes", Args: 4, Call: skbLoadBytes},
}

// skbLoadBytes is bpf_skb_load_bytes(skb, offset, to, len): it copies part of the packet,
// or clears the destination and gives -EFAULT where the packet ends before.
func skbLoadBytes(m *Machine, a *[5]uint64) (uint64, Fault) {
	if m.hook.Context != hook.SkBuff || a[0] != m.R1 {
		return 0, Fault{Kind: FaultHelper, Addr: a[0]}
	}
	n := uint32(a[3])
	if n == 0 { // a verifier wants to know that it is not
		return 0, Fault{Kind: FaultHelper, Addr: a[3]}
	}
	to, f := m.Bytes(a[2], n, mem.Write)
	if f.Kind != NoFault {
		return 0, f
	}
	status := Errno(maps.EFAULT)
	clear(to)
	if off := uint32(a[1]); off <= math.MaxInt32 {
		if part, ok := m.Packet(int64(off), n); ok {
			copy(to, part)
			status = 0
		}
	}
	m.define(a[2], to)
	return status, Fault{}
}
