package fastvm

import (
	"sync/atomic"

	"github.com/lockstep-ebpf/lockstep/internal/mutant"
	"github.com/lockstep-ebpf/lockstep/spec"
	"github.com/lockstep-ebpf/lockstep/vm"
	"github.com/lockstep-ebpf/lockstep/vm/mem"
)

// atomic executes an atomic instruction. It reports false after a fault: the
// address is no multiple of the size, or the bytes may not be read, or written.
func (s *state) atomic(x *spec.Insn) bool {
	n := uint32(x.Bytes())
	base, need := x.Dst, mem.RW
	switch x.Imm {
	case spec.AtomicLoadAcq:
		base, need = x.Src, mem.Read
	case spec.AtomicStoreRel:
		need = mem.Write
	}
	addr := s.r[base] + uint64(int64(x.Off))
	if addr%uint64(n) != 0 { // in trusted mode too: not every host can
		return s.fail(vm.FaultAlign, addr)
	}
	if s.trusted {
		addr = uint64(uint32(addr))
	}
	if !s.trusted || s.data == nil {
		switch {
		case need&mem.Read != 0 && !s.m.Mem.Can(addr, n, mem.Read):
			return s.fail(vm.FaultRead, addr)
		case need&mem.Write != 0 && !s.m.Mem.Can(addr, n, mem.Write):
			return s.fail(vm.FaultWrite, addr)
		}
	}
	old := s.update(x, addr, n, need)
	switch {
	case x.Imm == spec.AtomicLoadAcq:
		s.r[x.Dst] = old
	case x.Imm == spec.AtomicStoreRel:
	case x.Imm == spec.AtomicCmpXchg:
		if mutant.On(mutant.CmpXchg32KeepsUpper) && n == 4 && uint32(old) == uint32(s.r[0]) {
			return true
		}
		s.r[0] = old
	case x.Imm&spec.AtomicFetch != 0:
		s.r[x.Src] = old
	}
	return true
}

// update makes the step in memory and gives the old value, zero-extended. Words
// in a window are the host's own; the rest goes through mem.Memory.
func (s *state) update(x *spec.Insn, addr uint64, n uint32, need mem.Perm) uint64 {
	v, r0 := s.r[x.Src], s.r[0]
	if s.data != nil {
		switch n {
		case 8:
			return step64(at64(s.data, addr), x.Imm, v, r0)
		case 4:
			return uint64(step32(at32(s.data, addr), x.Imm, uint32(v), uint32(r0)))
		}
		if s.trusted {
			need = 0
		}
	}
	old, _, _ := s.m.Mem.Update(addr, n, need, false, func(old uint64) (uint64, bool) {
		return stepped(x.Imm, old, v, r0, n)
	})
	return old
}

// stepped is what a step makes of the old value, and whether it writes.
func stepped(imm int32, old, v, r0 uint64, n uint32) (uint64, bool) {
	switch imm {
	case spec.AtomicLoadAcq:
		return 0, false
	case spec.AtomicCmpXchg:
		return v, old == r0 || n == 4 && uint32(old) == uint32(r0)
	}
	switch imm &^ spec.AtomicFetch {
	case spec.AtomicAdd:
		v += old
	case spec.AtomicOr:
		v |= old
	case spec.AtomicAnd:
		v &= old
	case spec.AtomicXor:
		v ^= old
	}
	return v, true // of xchg and store-release: v itself
}

func step64(p *uint64, imm int32, v, r0 uint64) (old uint64) {
	switch imm {
	case spec.AtomicLoadAcq:
		return atomic.LoadUint64(p)
	case spec.AtomicStoreRel:
		atomic.StoreUint64(p, v)
		return 0
	case spec.AtomicAdd, spec.AtomicAdd | spec.AtomicFetch:
		return atomic.AddUint64(p, v) - v
	case spec.AtomicXchg:
		return atomic.SwapUint64(p, v)
	}
	for {
		old := atomic.LoadUint64(p)
		next, write := stepped(imm, old, v, r0, 8)
		if !write || atomic.CompareAndSwapUint64(p, old, next) {
			return old
		}
	}
}

func step32(p *uint32, imm int32, v, r0 uint32) (old uint32) {
	switch imm {
	case spec.AtomicLoadAcq:
		return atomic.LoadUint32(p)
	case spec.AtomicStoreRel:
		atomic.StoreUint32(p, v)
		return 0
	case spec.AtomicAdd, spec.AtomicAdd | spec.AtomicFetch:
		return atomic.AddUint32(p, v) - v
	case spec.AtomicXchg:
		return atomic.SwapUint32(p, v)
	}
	for {
		old := atomic.LoadUint32(p)
		next, write := stepped(imm, uint64(old), uint64(v), uint64(r0), 4)
		if !write || atomic.CompareAndSwapUint32(p, old, uint32(next)) {
			return old
		}
	}
}
