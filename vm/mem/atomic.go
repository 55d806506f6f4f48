package mem

import (
	"sync/atomic"
	"unsafe"

	"github.com/lockstep-ebpf/lockstep/spec"
)

// Update makes one indivisible step on n bytes (1, 2, 4 or 8) at addr, which must
// be a multiple of n and allow need: f sees the old value and gives the new one,
// or no write. f may be called more than once. undef becomes the bytes' mark if
// something was written.
//
// The host has atomics for words only, so a narrow step compares and swaps the
// aligned 32-bit word around its bytes; a neighbour that changes meanwhile just
// makes it try again.
func (m *Memory) Update(addr uint64, n uint32, need Perm, undef bool, f func(old uint64) (v uint64, write bool)) (old uint64, wasUndef, ok bool) {
	data, perm, shadow := m.access(addr, n, need)
	if data == nil {
		return 0, false, false
	}
	write := false
	switch p := unsafe.Pointer(unsafe.SliceData(data)); n {
	case 8:
		old, write = update64((*uint64)(p), m.Order, f)
	case 4:
		old, write = update32((*uint32)(p), 0, 4, m.Order, f)
	default:
		at := uintptr(addr) & 3
		old, write = update32((*uint32)(unsafe.Add(p, -int(at))), at, n, m.Order, f)
	}
	if write {
		mark(perm, shadow, undef)
	}
	return old, shadow&(ones[n]*uint64(Undef)) != 0, true
}

func update64(p *uint64, o spec.ByteOrder, f func(uint64) (uint64, bool)) (uint64, bool) {
	for {
		raw := atomic.LoadUint64(p)
		old := ordered(raw, 8, o)
		v, write := f(old)
		if !write || atomic.CompareAndSwapUint64(p, raw, ordered(v, 8, o)) {
			return old, write
		}
	}
}

// update32 works on the n bytes at byte offset at of the word.
func update32(p *uint32, at uintptr, n uint32, o spec.ByteOrder, f func(uint64) (uint64, bool)) (uint64, bool) {
	shift := 8 * at
	mask := uint32(uint64(1)<<(8*n)-1) << shift
	for {
		raw := atomic.LoadUint32(p)
		old := ordered(uint64(raw&mask>>shift), n, o)
		v, write := f(old)
		next := raw&^mask | uint32(ordered(v, n, o))<<shift&mask
		if !write || atomic.CompareAndSwapUint32(p, raw, next) {
			return old, write
		}
	}
}

// ordered turns the n-byte value v between the host's order (little-endian, or
// the test of window support keeps us out) and the guest's.
func ordered(v uint64, n uint32, o spec.ByteOrder) uint64 {
	if (o == spec.Big) == hostBig {
		return v
	}
	return spec.EvalUnary(spec.Bswap, v, uint(8*n), 64, false)
}

var hostBig = func() bool {
	x := uint16(1)
	return *(*byte)(unsafe.Pointer(&x)) == 0
}()
