package mem

import (
	"encoding/binary"
	"fmt"
	"slices"
	"unsafe"

	"github.com/lockstep-ebpf/lockstep/spec"
)

// Memory is the guest memory of one World.
//
// Accesses may come from several machines at once; Reserve, Allow and Reset may
// not run beside accesses to the bytes they change.
type Memory struct {
	Order spec.ByteOrder // of multi-byte values in guest memory

	window  *window // nil in the list form
	regions []*region
}

// region is a reserved range. In the list form it owns its bytes, aligned to 8.
type region struct {
	addr, size uint32
	data       []byte // list form only
	perm       []Perm // list form only
}

// New gives the window form where the host has it, else the list form.
func New() (*Memory, error) {
	if !windowSupported {
		return NewList(), nil
	}
	return NewWindow()
}

// NewList gives the list form.
func NewList() *Memory { return &Memory{} }

// NewWindow gives the window form, or an error where the host cannot reserve it.
func NewWindow() (*Memory, error) {
	w, err := openWindow()
	if err != nil {
		return nil, fmt.Errorf("reserving a guest memory window of 4 GiB: %w", err)
	}
	return &Memory{window: w}, nil
}

// Close gives the window back to the host. No access may follow.
func (m *Memory) Close() error {
	if m.window == nil {
		return nil
	}
	w := m.window
	m.window = nil
	return w.close()
}

// Window gives the host addresses of guest byte 0 and of its shadow, for engines
// that make accesses themselves; both nil in the list form.
func (m *Memory) Window() (data, shadow unsafe.Pointer) {
	if m.window == nil {
		return nil, nil
	}
	return m.window.data, m.window.shadow
}

// Reserve makes room for size bytes at addr: zero and inaccessible. Ranges may
// not overlap.
func (m *Memory) Reserve(addr, size uint32) {
	if uint64(addr)+uint64(size) > Size {
		panic(fmt.Sprintf("mem: %d bytes at %#x reach beyond the window", size, addr))
	}
	r := &region{addr: addr, size: size}
	if m.window == nil {
		words := make([]uint64, (size+15)/8) // atomics need whole aligned words
		r.data = unsafe.Slice((*byte)(unsafe.Pointer(&words[0])), size)
		r.perm = make([]Perm, size)
	}
	at, _ := slices.BinarySearchFunc(m.regions, addr, func(r *region, a uint32) int {
		if r.addr < a {
			return -1
		}
		return 1
	})
	m.regions = slices.Insert(m.regions, at, r)
}

// Release clears reserved ranges from addr up and forgets them: the bytes are
// zero and inaccessible again.
func (m *Memory) Release(from, to uint32) {
	m.regions = slices.DeleteFunc(m.regions, func(r *region) bool {
		if r.addr < from || r.addr >= to {
			return false
		}
		m.Clear(r.addr, r.size)
		return true
	})
}

// Clear zeroes n bytes and makes them inaccessible.
func (m *Memory) Clear(addr, n uint32) {
	clear(m.Bytes(addr, n))
	clear(m.Perms(addr, n))
}

// Allow sets the permission of n bytes.
func (m *Memory) Allow(addr, n uint32, p Perm) {
	for s := m.Perms(addr, n); len(s) > 0; {
		s = s[copy(s, filled[p&(RW|Undef)][:]):]
	}
}

// filled has rows of equal shadow bytes to copy from: every call and return of a
// checked program allows or forbids a whole frame.
var filled = func() (f [8][FrameSize]Perm) {
	for p := range f {
		for i := range f[p] {
			f[p][i] = Perm(p)
		}
	}
	return f
}()

// Scrub gives all pages back to the host. It is the reset after programs that
// were trusted wrongly and may have written anywhere in the window; every range
// has to be reserved and allowed again.
func (m *Memory) Scrub() error {
	m.regions = nil
	if m.window == nil {
		return nil
	}
	return m.window.scrub()
}

// Bytes is the n bytes at addr, checked against nothing but the form's limits:
// nil if the list form has no region there.
func (m *Memory) Bytes(addr, n uint32) []byte {
	if m.window != nil {
		return unsafe.Slice((*byte)(unsafe.Add(m.window.data, uintptr(addr))), n)
	}
	if r := m.find(addr, n); r != nil {
		return r.data[addr-r.addr:][:n]
	}
	return nil
}

// Perms is the shadow of the n bytes at addr.
func (m *Memory) Perms(addr, n uint32) []Perm {
	if m.window != nil {
		return unsafe.Slice((*Perm)(unsafe.Add(m.window.shadow, uintptr(addr))), n)
	}
	if r := m.find(addr, n); r != nil {
		return r.perm[addr-r.addr:][:n]
	}
	return nil
}

// UndefIn marks which of n bytes carry Undef, or is nil if none does.
func (m *Memory) UndefIn(addr, n uint32) []bool {
	var marks []bool
	for i, p := range m.Perms(addr, n) {
		if p&Undef != 0 {
			if marks == nil {
				marks = make([]bool, n)
			}
			marks[i] = true
		}
	}
	return marks
}

// find is the region that holds all n bytes at addr.
func (m *Memory) find(addr, n uint32) *region {
	lo, hi := 0, len(m.regions)
	for lo < hi {
		mid := (lo + hi) / 2
		if r := m.regions[mid]; r.addr+r.size > addr || r.addr+r.size < r.addr {
			hi = mid
		} else {
			lo = mid + 1
		}
	}
	if lo == len(m.regions) {
		return nil
	}
	r := m.regions[lo]
	if addr < r.addr || uint64(addr-r.addr)+uint64(n) > uint64(r.size) {
		return nil
	}
	return r
}

// Can reports whether all n bytes at addr allow what need asks. An address of
// 4 GiB or more never does.
func (m *Memory) Can(addr uint64, n uint32, need Perm) bool {
	if addr+uint64(n) > Size || addr >= Size {
		return false
	}
	s := m.Perms(uint32(addr), n)
	if uint32(len(s)) != n {
		return false
	}
	for _, p := range s {
		if p&need != need {
			return false
		}
	}
	return true
}

// ones has the low bit of each of n bytes set.
var ones = [9]uint64{1: 0x1, 2: 0x101, 4: 0x0101_0101, 8: 0x0101_0101_0101_0101}

// shadowOf reads the shadow bytes of an access of 1, 2, 4 or 8 bytes as a number.
func shadowOf(p []Perm) uint64 {
	b := unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(p))), len(p))
	switch len(p) {
	case 1:
		return uint64(b[0])
	case 2:
		return uint64(binary.LittleEndian.Uint16(b))
	case 4:
		return uint64(binary.LittleEndian.Uint32(b))
	case 8:
		return binary.LittleEndian.Uint64(b)
	}
	return 0
}

// access finds the bytes and the shadow of an access, if it is allowed.
func (m *Memory) access(addr uint64, n uint32, need Perm) (data []byte, perm []Perm, shadow uint64) {
	if addr > Size-uint64(n) {
		return nil, nil, 0
	}
	perm = m.Perms(uint32(addr), n)
	shadow = shadowOf(perm)
	if want := ones[n] * uint64(need); shadow&want != want {
		return nil, nil, 0
	}
	return m.Bytes(uint32(addr), n), perm, shadow
}

// Load reads n bytes (1, 2, 4 or 8) at addr in the guest's byte order. ok is
// false if any of them may not be read; undef is true if any has no defined value.
func (m *Memory) Load(addr uint64, n uint32) (v uint64, undef, ok bool) {
	data, _, shadow := m.access(addr, n, Read)
	if data == nil {
		return 0, false, false
	}
	return m.get(data), shadow&(ones[n]*uint64(Undef)) != 0, true
}

// Store writes the low n bytes of v at addr. ok is false, and nothing is written,
// if any of them may not be written. The bytes' Undef marks become undef.
func (m *Memory) Store(addr uint64, n uint32, v uint64, undef bool) (ok bool) {
	data, perm, shadow := m.access(addr, n, Write)
	if data == nil {
		return false
	}
	m.put(data, v)
	mark(perm, shadow, undef)
	return true
}

// mark sets the Undef marks of an access, where they are not so already.
func mark(perm []Perm, shadow uint64, undef bool) {
	marks := ones[len(perm)] * uint64(Undef)
	if !undef && shadow&marks == 0 {
		return
	}
	for i := range perm {
		perm[i] &^= Undef
		if undef {
			perm[i] |= Undef
		}
	}
}

func (m *Memory) get(b []byte) uint64 {
	o := m.Order.Binary()
	switch len(b) {
	case 1:
		return uint64(b[0])
	case 2:
		if m.Order == spec.Little {
			return uint64(binary.LittleEndian.Uint16(b))
		}
		return uint64(o.Uint16(b))
	case 4:
		if m.Order == spec.Little {
			return uint64(binary.LittleEndian.Uint32(b))
		}
		return uint64(o.Uint32(b))
	}
	if m.Order == spec.Little {
		return binary.LittleEndian.Uint64(b)
	}
	return o.Uint64(b)
}

func (m *Memory) put(b []byte, v uint64) {
	if m.Order == spec.Big {
		v = spec.EvalUnary(spec.Bswap, v, uint(8*len(b)), 64, false)
	}
	switch len(b) {
	case 1:
		b[0] = byte(v)
	case 2:
		binary.LittleEndian.PutUint16(b, uint16(v))
	case 4:
		binary.LittleEndian.PutUint32(b, uint32(v))
	default:
		binary.LittleEndian.PutUint64(b, v)
	}
}
