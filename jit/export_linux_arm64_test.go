package jit

import (
	"sync"
	"testing"

	"golang.org/x/sys/cpu"

	"github.com/lockstep-ebpf/lockstep/jit/arm64"
)

// WithFeatures makes the lowering do with what not every processor, and not every
// program, has.
func WithFeatures(t *testing.T, f arm64.Features) {
	saved := features
	features = f
	drop := func() { compilers = sync.Pool{New: compilers.New} }
	drop()
	t.Cleanup(func() { features = saved; drop() })
}

// HasLSE reports whether this processor has FEAT_LSE.
func HasLSE() bool { return cpu.ARM64.HasATOMICS }
