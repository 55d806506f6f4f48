package jit_test

import (
	"runtime"
	"testing"
	"time"

	"github.com/lockstep-ebpf/lockstep/jit"
	"github.com/lockstep-ebpf/lockstep/vm"
	"github.com/lockstep-ebpf/lockstep/vm/hook"
)

// load makes a text ready to run again and again.
func load(b *testing.B, text string, mode vm.Mode) (*vm.Loaded, *vm.Machine) {
	x, c := target(b, jit.Engine{}), caseOf(b, text)
	c.Mode = mode
	l, err := x.Load(c)
	if err != nil {
		b.Fatal(err)
	}
	x.Machine().Fuel = 1 << 40
	if err := x.Machine().Setup(hook.SocketFilter, &c.Inputs[0]); err != nil {
		b.Fatal(err)
	}
	return l, x.Machine()
}

func BenchmarkCall(b *testing.B) {
	l, m := load(b, "r0 = 0\nexit", vm.Trusted)
	for b.Loop() {
		l.Instance.Run(m)
	}
}

// BenchmarkIndirect is what BenchmarkCall is to be compared with.
func BenchmarkIndirect(b *testing.B) {
	f := func(m *vm.Machine) uint64 { return m.R1 }
	if b.N < 0 {
		f = func(m *vm.Machine) uint64 { return m.R2 }
	}
	m := &vm.Machine{}
	for b.Loop() {
		f(m)
	}
}

// BenchmarkHelper is the time of 1000 calls of a helper that does nothing much.
func BenchmarkHelper(b *testing.B) {
	l, m := load(b, `
		r6 = 1000
	l:	call bpf_get_smp_processor_id
		r6 -= 1
		if r6 != 0 goto l
		exit`, vm.Trusted)
	for b.Loop() {
		l.Instance.Run(m)
	}
}

// BenchmarkStopTheWorld is the time that stopping the world takes while another
// goroutine runs native code; and, to compare, while it runs Go.
func BenchmarkStopTheWorld(b *testing.B) {
	l, m := load(b, `
		r1 = 7
	l:	r2 = 0x7edcba9876543210 ll
		r2 /= r1
		r1 += r2
		goto l
		exit`, vm.Trusted)
	m.Fuel = 100_000_000
	for name, work := range map[string]func(){
		"native": func() { l.Instance.Run(m) },
		"go":     func() { grow(100) },
	} {
		b.Run(name, func(b *testing.B) {
			stop := make(chan struct{})
			done := make(chan struct{})
			go func() {
				defer close(done)
				for {
					select {
					case <-stop:
						return
					default:
						work()
					}
				}
			}()
			var stats runtime.MemStats
			longest := time.Duration(0)
			for b.Loop() {
				from := time.Now()
				runtime.ReadMemStats(&stats) // stops the world
				longest = max(longest, time.Since(from))
			}
			close(stop)
			<-done
			b.ReportMetric(float64(longest.Microseconds()), "longest-µs")
		})
	}
}
