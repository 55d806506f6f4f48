package jit

import (
	"sync"
	"testing"

	"github.com/lockstep-ebpf/lockstep/vm"
)

// WithoutFeatures makes the lowering do without what not every processor has.
func WithoutFeatures(t *testing.T) {
	saved := features
	features.BMI2 = false
	drop := func() { compilers = sync.Pool{New: compilers.New} }
	drop()
	t.Cleanup(func() { features = saved; drop() })
}

// EntryAndExit enters a loaded program that just ran on a machine once more, from its
// beginning until it leaves: what a Run does beside that is to set up and to report.
func EntryAndExit(l *vm.Loaded, m *vm.Machine) func() {
	r := l.Instance.(*instance).run(m)
	return func() {
		r.pc, r.left = 0, m.Fuel
		r.native()
	}
}
