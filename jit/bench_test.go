package jit_test

import (
	"fmt"
	"runtime"
	"runtime/metrics"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lockstep-ebpf/lockstep/jit"
	"github.com/lockstep-ebpf/lockstep/vm"
	"github.com/lockstep-ebpf/lockstep/vm/hook"
)

// load makes a text ready to run again and again.
func load(b testing.TB, text string, mode vm.Mode) (*vm.Loaded, *vm.Machine) {
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

// BenchmarkEntering is what it costs to run native code, piece by piece, in plain
// indirect calls of Go functions. The pieces take turns, and medians count, so that it
// can be measured on a busy machine.
//
//	ret    native code that returns at once: what no engine can go below
//	enter  into native code, out of it at its exit, and the book-keeping of a slice
//	run    a whole Run of r0 = 0; exit
//	helper the round trip of a helper that does nothing much; round is the same with the loop around it
func BenchmarkEntering(b *testing.B) {
	const calls = 1000
	l, m := load(b, "r0 = 0\nexit", vm.Trusted)
	l.Instance.Run(m)
	loop, lm := load(b, countdown(calls, ""), vm.Trusted)
	helper, hm := load(b, countdown(calls, "call bpf_get_smp_processor_id"), vm.Trusted)
	enter, ret := jit.EntryAndExit(l, m), jit.Return(b)
	pieces := []struct {
		name string
		f    func() // calls of what is measured
		ns   []float64
	}{
		{name: "indirect", f: func() {
			for range calls {
				indirect(m)
			}
		}},
		{name: "ret", f: times(calls, ret)},
		{name: "enter", f: times(calls, enter)},
		{name: "run", f: func() {
			for range calls {
				l.Instance.Run(m)
			}
		}},
		{name: "loop", f: func() { loop.Instance.Run(lm) }},
		{name: "round", f: func() { helper.Instance.Run(hm) }},
	}
	for b.Loop() {
		for i := range pieces {
			p, begun := &pieces[i], time.Now()
			p.f()
			p.ns = append(p.ns, float64(time.Since(begun))/calls)
		}
	}
	cost := map[string]float64{}
	for _, p := range pieces[1:] {
		for i, indirect := range pieces[0].ns {
			p.ns[i] /= indirect // of the same round: what slows one down does so to the other
		}
		cost[p.name] = median(p.ns)
	}
	cost["helper"] = cost["round"] - cost["loop"]
	for _, name := range []string{"ret", "enter", "run", "helper", "round"} {
		b.ReportMetric(cost[name], name+"/indirect")
	}
	b.ReportMetric(0, "ns/op") // of all pieces: nobody wants it
}

func median(v []float64) float64 {
	v = slices.Sorted(slices.Values(v))
	return v[len(v)/2]
}

// indirect is called through a variable, so that the compiler cannot know it.
var indirect = func(m *vm.Machine) uint64 { return m.R1 }

// times is a loop around f, whose call is part of what is measured.
func times(n int, f func()) func() {
	return func() {
		for range n {
			f()
		}
	}
}

// countdown is a program that does something so many times.
func countdown(times int, step string) string {
	return fmt.Sprintf("r6 = %d\nl: %s\nr6 -= 1\nif r6 != 0 goto l\nexit", times, step)
}

// BenchmarkSTW is how long garbage collections wait for the world to stop while another
// goroutine runs native code, every instruction of it but one in 200 a division of 64
// bits; and, to compare, while it runs Go. The two take turns, so that a busy machine adds
// to both: then it is the scheduler that makes the longest waits, of both.
func BenchmarkSTW(b *testing.B) {
	l, m := load(b, slowest, vm.Trusted)
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

// slowest takes as long for an instruction as any program that has its memory at hand.
var slowest = "r1 = 1\nr2 = 0x7edcba9876543210 ll\nl:" + strings.Repeat("r2 /= r1\n", 199) + "goto l\nexit"

// pauses is a histogram of the runtime's.
type pauses struct {
	counts []uint64
	bounds []float64
}

const pausesMetric = "/sched/pauses/stopping/gc:seconds"

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
