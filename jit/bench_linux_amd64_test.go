package jit_test

import (
	"testing"

	"github.com/lockstep-ebpf/lockstep/jit"
	"github.com/lockstep-ebpf/lockstep/vm"
)

// BenchmarkEntryExit is the part of BenchmarkCall that goes from Go to native code and
// back.
func BenchmarkEntryExit(b *testing.B) {
	l, m := load(b, "r0 = 0\nexit", vm.Trusted)
	l.Instance.Run(m)
	enter := jit.EntryAndExit(l, m)
	for b.Loop() {
		enter()
	}
}
