package jit

import (
	"sync"
	"testing"
)

// WithoutFeatures makes the lowering do without what not every processor has.
func WithoutFeatures(t *testing.T) {
	saved := features
	features.BMI2 = false
	drop := func() { compilers = sync.Pool{New: compilers.New} }
	drop()
	t.Cleanup(func() { features = saved; drop() })
}
