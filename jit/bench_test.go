package jit_test

import (
	"fmt"
	"runtime"
	"runtime/metrics"
	"slices"
	"testing"

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

// BenchmarkSTW is how long garbage collections stop the world while another goroutine
// runs native code, every instruction of it a division; and, to compare, while it runs Go. The two take
// turns, so that a busy machine adds to both.
func BenchmarkSTW(b *testing.B) {
	l, m := load(b, `
		r1 = 7
	l:	r2 = 0x7edcba9876543210 ll
		r2 /= r1
		r1 += r2
		goto l
		exit`, vm.Trusted)
	m.Fuel = 100_000_000
	works := []struct {
		name   string
		work   func()
		pauses pauses
	}{
		{name: "native", work: func() { l.Instance.Run(m) }},
		{name: "go", work: func() { grow(100) }},
	}
	for b.Loop() {
		for i := range works {
			stop, done := make(chan struct{}), make(chan struct{})
			go func() {
				defer close(done)
				for {
					select {
					case <-stop:
						return
					default:
						works[i].work()
					}
				}
			}()
			works[i].pauses.add(func() {
				for range 20 {
					runtime.GC()
				}
			})
			close(stop)
			<-done
		}
	}
	for _, w := range works {
		for _, q := range []float64{0.5, 0.99, 1} {
			b.ReportMetric(w.pauses.quantile(q)*1e6, fmt.Sprintf("%s-q%v-µs", w.name, 100*q))
		}
	}
}

// pauses is a histogram of the runtime's.
type pauses struct {
	counts []uint64
	bounds []float64
}

const pausesMetric = "/sched/pauses/total/gc:seconds"

func readPauses() *metrics.Float64Histogram {
	s := []metrics.Sample{{Name: pausesMetric}}
	metrics.Read(s)
	return s[0].Value.Float64Histogram()
}

// add adds the pauses that f brings.
func (p *pauses) add(f func()) {
	before := slices.Clone(readPauses().Counts)
	f()
	after := readPauses()
	if p.counts == nil {
		p.counts, p.bounds = make([]uint64, len(before)), after.Buckets
	}
	for i := range before {
		p.counts[i] += after.Counts[i] - before[i]
	}
}

// quantile is the upper bound of the bucket that has it.
func (p *pauses) quantile(q float64) float64 {
	total, sum := uint64(0), uint64(0)
	for _, n := range p.counts {
		total += n
	}
	for i, n := range p.counts {
		if sum += n; float64(sum) >= q*float64(total) {
			return p.bounds[i+1]
		}
	}
	return 0
}
