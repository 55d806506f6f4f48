package fastvm

import "unsafe"

// All of the package's pointer arithmetic is in this file. Its functions are small
// enough for the compiler to inline even into functions as large as the loops.

// at8 and its siblings are the guest bytes, or the shadow bytes, at a. The window
// and its guards are mapped throughout, so any a below 4 GiB is safe.
func at8(base unsafe.Pointer, a uint64) *uint8   { return (*uint8)(unsafe.Add(base, a)) }
func at16(base unsafe.Pointer, a uint64) *uint16 { return (*uint16)(unsafe.Add(base, a)) }
func at32(base unsafe.Pointer, a uint64) *uint32 { return (*uint32)(unsafe.Add(base, a)) }
func at64(base unsafe.Pointer, a uint64) *uint64 { return (*uint64)(unsafe.Add(base, a)) }

// after is the insn d bytes behind i. Both must be in the same program, whose last
// slot is padding: so even the insn behind its last one is.
func after(i *insn, d int64) *insn { return (*insn)(unsafe.Add(unsafe.Pointer(i), d)) }

// pos is where i is, for counting distances only.
func pos(i *insn) uint64 { return uint64(uintptr(unsafe.Pointer(i))) }
