package transfer

import (
	"github.com/lockstep-ebpf/lockstep/verifier/release"
	"github.com/lockstep-ebpf/lockstep/verifier/state"
)

// The context of a syscall program is plain memory, as long as whoever calls the program makes
// it. Late releases treat it so: any offset will do, and helpers take it.

func (m *Machine) contextIsMemory() bool {
	return m.progType() == release.Syscall && m.Release.Has(release.SyscallMemory)
}

// contextRoom checks that an access stays within the greatest context.
func (m *Machine) contextRoom(r *state.Reg, n uint8, off, size int) *Failure {
	at := int64(off) + int64(r.Off)
	low, high := r.Num.S.Min, r.Num.S.Max
	switch {
	case low < -maxOffset || at+low < 0:
		return failReg("negative-offset", n, r, "offset ≥ 0", "R%d min value is negative, either use unsigned index or do a if (index >=0) check.", n)
	case high >= maxOffset || at+high+int64(size) > release.SyscallContext:
		return failReg("context", n, r, "a bounds check", "R%d unbounded memory access, make sure to bounds check any such access", n)
	}
	m.ContextUsed = max(m.ContextUsed, int(at+high)+size)
	return nil
}
