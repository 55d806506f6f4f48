package jit_test

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"runtime"
	"runtime/debug"
	"runtime/pprof"
	"strings"
	"sync"
	"testing"

	"github.com/lockstep-ebpf/lockstep/internal/onerow"
	"github.com/lockstep-ebpf/lockstep/jit"
	"github.com/lockstep-ebpf/lockstep/refvm"
	"github.com/lockstep-ebpf/lockstep/vm"
	"github.com/lockstep-ebpf/lockstep/vm/hook"
	"github.com/lockstep-ebpf/lockstep/vm/maps"
)

// grow makes the goroutine's stack grow and lets it be copied.
func grow(n int) byte {
	var pad [1024]byte
	if n == 0 {
		return pad[n]
	}
	return grow(n-1) + pad[n%len(pad)]
}

// TestStress runs programs of every sort on eight goroutines while the garbage
// collector works hard and the profiler's signals arrive.
func TestStress(t *testing.T) {
	defer debug.SetGCPercent(debug.SetGCPercent(5))
	if err := pprof.StartCPUProfile(io.Discard); err == nil {
		defer pprof.StopCPUProfile()
	}
	var cases []*vm.Case
	for _, tt := range programs {
		cases = append(cases, caseOf(t, tt.text))
	}
	rnd := random(t)
	for _, row := range onerow.Rows() {
		cases = append(cases, onerow.Case(rnd, row))
	}
	long := caseOf(t, `
		r0 = 0
		r1 = 3000000
	l:	r0 += r1
		r1 -= 1
		if r1 != 0 goto l
		exit`)
	long.Fuel = 1 << 30
	cases = append(cases, long)
	ref := target(t, &refvm.Engine{})
	var want []vm.Outcome
	for _, c := range cases {
		o := ref.Run(c)[0]
		want = append(want, vm.Outcome{Result: o.Result})
	}
	var wg sync.WaitGroup
	for g := range 8 {
		x := target(t, jit.Engine{})
		wg.Go(func() {
			var garbage [][]byte
			for round := range 3 * *longFlag {
				for i, c := range cases {
					got := x.Run(c)[0].Result
					if got.Kind != want[i].Kind || got.Fault != want[i].Fault || got.Steps != want[i].Steps {
						if !want[i].Tainted {
							t.Errorf("goroutine %d: %+v, want %+v", g, got, want[i].Result)
						}
					}
					garbage = append(garbage[:i%10], make([]byte, 1000*(i%7+1)))
					if i%16 == round {
						grow(10 + i%50)
					}
				}
			}
		})
	}
	wg.Wait()
}

// TestNothingLeaks compiles many programs and reads the process's maps.
func TestNothingLeaks(t *testing.T) {
	n := 20_000 * *longFlag
	x := target(t, jit.Engine{})
	c := caseOf(t, programs[0].text)
	for range 100 {
		x.Run(c)
	}
	before := mappings(t)
	for i := range n {
		c.Programs[0].Insns[0].Imm = int32(i)
		if o := x.Run(c)[0]; o.R0 != uint64(i+100+21) {
			t.Fatalf("program %d: %+v", i, o.Result)
		}
	}
	runtime.GC()
	if after := mappings(t); after > before+20 {
		t.Errorf("%d mappings before %d programs, %d after", before, n, after)
	}
}

func mappings(t *testing.T) int {
	b, err := os.ReadFile("/proc/self/maps")
	if err != nil {
		t.Skip("no /proc: ", err)
	}
	return bytes.Count(b, []byte("\n"))
}

// TestAtomicsCount lets eight machines of one World add to the same words, at both
// widths and in every way that counts.
func TestAtomicsCount(t *testing.T) {
	const machines, rounds = 8, 20_000
	for _, tt := range []struct{ name, step string }{
		{"add64", "lock *(u64 *)(r6 + 0) += r7"},
		{"add32", "lock *(u32 *)(r6 + 0) += w7"},
		{"fetch_add64", "r8 = r7\nr8 = atomic_fetch_add((u64 *)(r6 + 0), r8)"},
		{"fetch_add32", "r8 = r7\nw8 = atomic_fetch_add((u32 *)(r6 + 0), w8)"},
		{"cmpxchg64", "again: r0 = *(u64 *)(r6 + 0)\nr8 = r0\nr9 = r0\nr9 += 1\nr0 = cmpxchg_64(r6 + 0, r0, r9)\nif r0 != r8 goto again"},
		{"cmpxchg32", "again: w0 = *(u32 *)(r6 + 0)\nr8 = r0\nr9 = r0\nr9 += 1\nw0 = cmpxchg32_32(r6 + 0, w0, w9)\nif r0 != r8 goto again"},
		// A bit that all turn over, an even number of times, is off at the end.
		{"xor64", "lock *(u64 *)(r6 + 8) ^= r7\nlock *(u64 *)(r6 + 8) ^= r7\nlock *(u64 *)(r6 + 0) += r7"},
		{"xor32", "lock *(u32 *)(r6 + 8) ^= w7\nlock *(u32 *)(r6 + 8) ^= w7\nlock *(u64 *)(r6 + 0) += r7"},
		{"fetch_xor64", "r8 = r7\nr8 = atomic_fetch_xor((u64 *)(r6 + 8), r8)\nr8 = r7\nr8 = atomic_fetch_xor((u64 *)(r6 + 8), r8)\nlock *(u64 *)(r6 + 0) += r7"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for _, mode := range []vm.Mode{vm.Checked, vm.Trusted} {
				text := fmt.Sprintf(`
					*(u32 *)(r10 - 4) = 0
					r1 = map_by_fd(0)
					r2 = r10
					r2 += -4
					call bpf_map_lookup_elem
					r6 = r0
					r7 = 1
					r5 = %d
				l:	%s
					r5 -= 1
					if r5 != 0 goto l
					r0 = 0
					exit`, rounds, tt.step)
				w := together(t, mode, machines, text)
				addr, _ := w.Maps[0].Lookup(make([]byte, 4))
				if got, _, _ := w.Mem.Load(uint64(addr), 8); got != machines*rounds {
					t.Errorf("mode %v: %d, want %d", mode, got, machines*rounds)
				}
				if got, _, _ := w.Mem.Load(uint64(addr)+8, 8); got != 0 {
					t.Errorf("mode %v: what was turned on and off is %#x", mode, got)
				}
			}
		})
	}
}

// together runs texts in one World at the same time, each on n machines of its own.
// They share an array of one value of 16 bytes.
func together(t *testing.T, mode vm.Mode, n int, texts ...string) *vm.World {
	t.Helper()
	w, err := vm.NewWorld()
	if err != nil {
		t.Skip(err)
	}
	t.Cleanup(func() { w.Close() })
	if _, err := w.AddMap(&maps.Spec{Name: "shared", Type: maps.Array, KeySize: 4, ValueSize: 16, MaxEntries: 1}); err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for _, text := range texts {
		l, err := w.Load(jit.Engine{}, caseOf(t, text).Programs[0])
		if err != nil {
			t.Skip(err)
		}
		for range n {
			m := w.NewMachine()
			m.Mode, m.Fuel = mode, 1<<40
			if err := m.Setup(hook.SocketFilter, &vm.Input{}); err != nil {
				t.Fatal(err)
			}
			wg.Go(func() {
				if res := l.Instance.Run(m); res.Kind != vm.Exit || res.R0 != 0 {
					t.Errorf("%+v", res)
				}
			})
		}
	}
	wg.Wait()
	return w
}

// TestMessagePassing: what was stored before a store-release is seen after the
// load-acquire that reads it.
func TestMessagePassing(t *testing.T) {
	const writer = `
		r6 = map_val(map_by_fd(0)) + 0
		r1 = 0
	l:	r1 += 1
		*(u64 *)(r6 + 0) = r1
		store_release((u64 *)(r6 + 8), r1)
		if r1 != 10000000 goto l
		r0 = 0
		exit`
	const reader = `
		r6 = map_val(map_by_fd(0)) + 0
		r0 = 1
		r5 = 0
	l:	r1 = load_acquire((u64 *)(r6 + 8))
		r2 = *(u64 *)(r6 + 0)
		if r2 < r1 goto out
		r5 += 1
		if r5 == 100000000 goto out
		if r1 != 10000000 goto l
		r0 = 0
	out:	exit`
	for _, mode := range []vm.Mode{vm.Checked, vm.Trusted} {
		together(t, mode, 1, writer, reader)
	}
}

// TestFastFuel: in fast mode a program that does not end is stopped, in time.
func TestFastFuel(t *testing.T) {
	x := target(t, jit.Engine{})
	x.Machine().ExactFuel = false
	for _, text := range []string{
		"l: goto l\nexit",
		"l: r0 += 1\nif r0 != 0 goto l\nexit",
		"r6 = 0\nl: call f\ngoto l\nexit\nf: r0 = 0\nexit",
		"l: call bpf_ktime_get_ns\ngoto l\nexit",
	} {
		c := caseOf(t, text)
		c.Fuel = 5_000_000
		o := x.Run(c)[0]
		if o.Kind != vm.FuelSpent || o.Steps > c.Fuel || o.Steps < c.Fuel/2 {
			t.Errorf("%s: %v, %d steps", strings.ReplaceAll(text, "\n", "; "), o.Kind, o.Steps)
		}
	}
}
