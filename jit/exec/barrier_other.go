//go:build linux && !arm64

package exec

// barrier makes code visible to instruction fetches. x86 does so by itself.
func barrier(uintptr, int) {}

// refetches: so it does.
func refetches(_, _ []byte) bool { return true }
