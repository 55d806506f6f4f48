package fastvm

import (
	"encoding/binary"

	"github.com/lockstep-ebpf/lockstep/vm/mem"
)

// Bits of an access's shadow bytes that must be set, as one number.
const (
	read8   = uint8(mem.Read)
	read16  = uint16(mem.Read) * 0x0101
	read32  = uint32(mem.Read) * 0x0101_0101
	read64  = uint64(mem.Read) * 0x0101_0101_0101_0101
	write8  = uint8(mem.Write)
	write16 = uint16(mem.Write) * 0x0101
	write32 = uint32(mem.Write) * 0x0101_0101
	write64 = uint64(mem.Write) * 0x0101_0101_0101_0101
)

// load is an access of the careful loop: n bytes at addr. In trusted mode the
// address is masked and permissions are not looked at; without a window, ok is then
// false where there is no memory at all.
func (s *state) load(addr uint64, n uint32) (v uint64, ok bool) {
	if !s.trusted {
		v, _, ok = s.m.Mem.Load(addr, n)
		return v, ok
	}
	b := s.m.Mem.Bytes(uint32(addr), n)
	switch len(b) {
	case 1:
		return uint64(b[0]), true
	case 2:
		return uint64(binary.LittleEndian.Uint16(b)), true
	case 4:
		return uint64(binary.LittleEndian.Uint32(b)), true
	case 8:
		return binary.LittleEndian.Uint64(b), true
	}
	return 0, false
}

// store is the other access.
func (s *state) store(addr uint64, n uint32, v uint64) (ok bool) {
	if !s.trusted {
		return s.m.Mem.Store(addr, n, v, false)
	}
	b := s.m.Mem.Bytes(uint32(addr), n)
	switch len(b) {
	case 1:
		b[0] = byte(v)
	case 2:
		binary.LittleEndian.PutUint16(b, uint16(v))
	case 4:
		binary.LittleEndian.PutUint32(b, uint32(v))
	case 8:
		binary.LittleEndian.PutUint64(b, v)
	}
	return len(b) != 0
}
