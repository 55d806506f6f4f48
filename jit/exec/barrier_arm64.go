//go:build linux

package exec

// barrier makes n bytes of code at addr visible to instruction fetches.
//
//go:noescape
func barrier(addr uintptr, n int)
