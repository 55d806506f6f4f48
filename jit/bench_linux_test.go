package jit_test

import (
	"runtime"
	"slices"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/lockstep-ebpf/lockstep/jit"
	"github.com/lockstep-ebpf/lockstep/vm"
)

// BenchmarkSlice is the CPU time of a slice, which no other goroutine can interrupt: the
// median and the longest. It is what native code may add to a pause on a machine that
// has a processor for everybody.
func BenchmarkSlice(b *testing.B) {
	l, m := load(b, slowest, vm.Trusted)
	m.Fuel = jit.Slice
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var took []float64
	for b.Loop() {
		begun := cpuTime(b)
		l.Instance.Run(m)
		took = append(took, float64(cpuTime(b)-begun)/1e3)
	}
	slices.Sort(took)
	b.ReportMetric(took[len(took)/2], "median-µs")
	b.ReportMetric(took[len(took)-1], "longest-µs")
	b.ReportMetric(0, "ns/op")
}

// cpuTime is the calling thread's.
func cpuTime(b *testing.B) int64 {
	var t unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &t); err != nil {
		b.Skip("no clock of a thread's own: ", err)
	}
	return t.Nano()
}
