//go:build linux

package exec

import (
	"encoding/binary"
	"unsafe"
)

// barrier makes n bytes of code at addr visible to instruction fetches.
//
//go:noescape
func barrier(addr uintptr, n int)

// call calls code that takes nothing and returns a number.
func call(addr uintptr) uint64

// refetches reports whether code that is written through the one view of memory
// runs in the other, also where other code has run there. Processors do that after a
// barrier; qemu-user before 8.1 keeps what it translated.
func refetches(rw, rx []byte) bool {
	addr := uintptr(unsafe.Pointer(&rx[0]))
	for n := range uint32(2) {
		binary.LittleEndian.PutUint32(rw, 0xd2800000|n<<5) // mov x0, #n
		binary.LittleEndian.PutUint32(rw[4:], 0xd65f03c0)  // ret
		barrier(addr, 8)
		if call(addr) != uint64(n) {
			return false
		}
	}
	return true
}
