package jit_test

import (
	"encoding/binary"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/lockstep-ebpf/lockstep/jit"
	"github.com/lockstep-ebpf/lockstep/vm"
	"github.com/lockstep-ebpf/lockstep/vm/hook"
	"github.com/lockstep-ebpf/lockstep/vm/maps"
)

// Litmus programs. In the arm64 build they run under qemu-user (see HACKING.md). There
// accesses have the order of the host's processor: on x86 stores wait in a buffer, which
// TestStoreBuffer sees, and nothing else is out of order, so that message passing could
// only fail by a mistake of another sort. What arm64's code asks for is in TestOrder
// of jit/arm64.

var bothModes = []vm.Mode{vm.Checked, vm.Trusted}

// TestAtomicsKeepBits: eight machines turn each its own bit of one word on and off. An
// update that is lost shows at once, or in what a fetching atomic brings.
func TestAtomicsKeepBits(t *testing.T) {
	const look = `
		R = *(U *)(r6 + 0)
		R &= r7
		if R WANT goto bad`
	for _, tt := range []struct{ name, on, off string }{
		{"or", "lock *(U *)(r6 + 0) |= S7", "lock *(U *)(r6 + 0) &= S8"},
		{"xor", "lock *(U *)(r6 + 0) ^= S7", "lock *(U *)(r6 + 0) ^= S7"},
		{"fetch_or", "r1 = r7\nS1 = atomic_fetch_or((U *)(r6 + 0), S1)\nr1 &= r7\nif r1 != 0 goto bad", "r1 = r8\nS1 = atomic_fetch_and((U *)(r6 + 0), S1)\nr1 &= r7\nif r1 == 0 goto bad"},
		{"fetch_xor", "r1 = r7\nS1 = atomic_fetch_xor((U *)(r6 + 0), S1)\nr1 &= r7\nif r1 != 0 goto bad", "r1 = r7\nS1 = atomic_fetch_xor((U *)(r6 + 0), S1)\nr1 &= r7\nif r1 == 0 goto bad"},
	} {
		for width, sign := range map[string]string{"u64": "r", "u32": "w"} {
			t.Run(tt.name+"_"+width, func(t *testing.T) {
				see := strings.NewReplacer("R", "r1").Replace(look)
				text := `
					call bpf_get_smp_processor_id
					r7 = 1
					r7 <<= r0
					r8 = r7
					r8 ^= -1
					r6 = map_val(map_by_fd(0)) + 0
					r9 = 100000
				l:	` + tt.on + strings.ReplaceAll(see, "WANT", "== 0") + `
					` + tt.off + strings.ReplaceAll(see, "WANT", "!= 0") + `
					r9 -= 1
					if r9 != 0 goto l
					r0 = 0
					exit
				bad:	r0 = 1
					exit`
				text = strings.NewReplacer("U", width, "S", sign).Replace(text)
				for _, mode := range bothModes {
					w := together(t, mode, 8, text)
					if got := w.Mem.Bytes(value(w), 8); binary.LittleEndian.Uint64(got) != 0 {
						t.Errorf("mode %v: % x is left", mode, got)
					}
				}
			})
		}
	}
}

// value is the address of the shared array's value.
func value(w *vm.World) uint32 {
	addr, _ := w.Maps[0].Lookup(make([]byte, 4))
	return addr
}

// TestExchangesLoseNothing: eight machines exchange numbers of their own for what is
// there. What all have put in, less what they got, is what is there at the end.
func TestExchangesLoseNothing(t *testing.T) {
	for width, sign := range map[string]string{"u64": "r", "u32": "w"} {
		exchange := map[string]string{"u64": "r2 = xchg_64(r6 + 0, r2)", "u32": "w2 = xchg32_32(r6 + 0, w2)"}[width]
		t.Run(width, func(t *testing.T) {
			text := strings.NewReplacer("U", width, "S", sign, "EXCHANGE", exchange).Replace(`
				call bpf_get_smp_processor_id
				r7 = r0
				r7 *= 0x100001
				r7 += 1
				r6 = map_val(map_by_fd(0)) + 0
				r8 = 0
				r9 = 100000
			l:	r8 += r7
				r2 = r7
				EXCHANGE
				r8 -= r2
				r7 += 0x51
				r9 -= 1
				if r9 != 0 goto l
				lock *(U *)(r6 + 8) += S8
				r0 = 0
				exit`)
			for _, mode := range bothModes {
				w := together(t, mode, 8, text)
				if b := w.Mem.Bytes(value(w), 16); string(b[:8]) != string(b[8:]) {
					t.Errorf("mode %v: %x is there, and %x was put in and not got out", mode, b[:8], b[8:])
				}
			}
		})
	}
}

// TestMessagePassingWidths is TestMessagePassing for flags of every width. The
// narrow ones count as far as they can, again and again.
func TestMessagePassingWidths(t *testing.T) {
	for _, tt := range []struct {
		width       string
		most, times int
	}{{"u8", 255, 20}, {"u16", 65535, 5}, {"u32", 1_000_000, 1}, {"u64", 1_000_000, 1}} {
		r := strings.NewReplacer("U", tt.width, "S", map[bool]string{false: "w", true: "r"}[tt.width == "u64"], "MOST", fmt.Sprint(tt.most))
		writer := r.Replace(`
			r6 = map_val(map_by_fd(0)) + 0
			r1 = 0
		l:	r1 += 1
			*(u64 *)(r6 + 0) = r1
			store_release((U *)(r6 + 8), S1)
			if r1 != MOST goto l
			r0 = 0
			exit`)
		reader := r.Replace(`
			r6 = map_val(map_by_fd(0)) + 0
			r0 = 1
		l:	S1 = load_acquire((U *)(r6 + 8))
			r2 = *(u64 *)(r6 + 0)
			if r2 < r1 goto out
			if r1 != MOST goto l
			r0 = 0
		out:	exit`)
		t.Run(tt.width, func(t *testing.T) {
			for range tt.times {
				for _, mode := range bothModes {
					together(t, mode, 1, writer, reader)
				}
			}
		})
	}
}

// TestStoreBuffer: two machines write each its own word, then read the other's. With
// a fetching atomic, which is a full barrier (Linux, memory-barriers.txt: atomics that
// return a value), not both can find 0. With store-release and load-acquire they
// may; how often is logged, because that shows that the test can see it.
func TestStoreBuffer(t *testing.T) {
	const rounds = 1000
	text := func(write, read string, mine, other int) string {
		return strings.NewReplacer(
			"WRITE", write, "READ", read, "ROUNDS", fmt.Sprint(rounds), "SHIFT", fmt.Sprint(6*mine), // all delays, one against the other
			"MINE", fmt.Sprint(8*rounds*mine), "OTHER", fmt.Sprint(8*rounds*other), "RESULT", fmt.Sprint(8*rounds*(2+mine)),
			"HERE", fmt.Sprint(32*rounds+64*mine), "THERE", fmt.Sprint(32*rounds+64*other)).Replace(`
			r6 = map_val(map_by_fd(0)) + MINE
			r7 = map_val(map_by_fd(0)) + OTHER
			r8 = map_val(map_by_fd(0)) + RESULT
			r4 = map_val(map_by_fd(0)) + HERE
			r5 = map_val(map_by_fd(0)) + THERE
			r9 = 0
		l:	r9 += 1
			store_release((u64 *)(r4 + 0), r9)
		wait:	r3 = load_acquire((u64 *)(r5 + 0))
			if r3 < r9 goto wait
			r3 = r9
			r3 >>= SHIFT
			r3 &= 63
		delay:	r3 += -1
			if r3 s> 0 goto delay
			r1 = 1
			WRITE
			READ
			r2 += 1
			*(u64 *)(r8 + 0) = r2
			r6 += 8
			r7 += 8
			r8 += 8
			if r9 != ROUNDS goto l
			r0 = 0
			exit`)
	}
	for _, tt := range []struct {
		name, write, read string
		ordered           bool
	}{
		{"fetch_add", "r1 = atomic_fetch_add((u64 *)(r6 + 0), r1)", "r2 = *(u64 *)(r7 + 0)", true},
		{"fetch_or", "r1 = atomic_fetch_or((u64 *)(r6 + 0), r1)", "r2 = *(u64 *)(r7 + 0)", true},
		{"xchg", "r1 = xchg_64(r6 + 0, r1)", "r2 = *(u64 *)(r7 + 0)", true},
		{"cmpxchg", "r0 = 0\nr0 = cmpxchg_64(r6 + 0, r0, r1)", "r2 = *(u64 *)(r7 + 0)", true},
		{"release_acquire", "store_release((u64 *)(r6 + 0), r1)", "r2 = load_acquire((u64 *)(r7 + 0))", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for _, mode := range bothModes {
				both := 0
				for range 5 * *longFlag {
					w := together(t, mode, 1, text(tt.write, tt.read, 0, 1), text(tt.write, tt.read, 1, 0))
					for i := range uint32(rounds) {
						a, _, _ := w.Mem.Load(uint64(value(w)+8*(2*rounds+i)), 8)
						b, _, _ := w.Mem.Load(uint64(value(w)+8*(3*rounds+i)), 8)
						if a == 0 || b == 0 {
							t.Fatalf("mode %v: round %d has not run", mode, i)
						}
						if a == 1 && b == 1 {
							both++
						}
					}
				}
				t.Logf("mode %v: in %d of %d rounds both found 0", mode, both, 5**longFlag*rounds)
				if tt.ordered && both > 0 {
					t.Errorf("mode %v: a full barrier lets both find 0", mode)
				}
			}
		})
	}
}

// TestRacingPointers: one machine changes a pointer, forever, between memory that may be
// written, memory that may only be read, and nowhere; others write through it, some
// after they have seen that it is the one to memory that may be written. Checked, what may
// only be read stays as it is, and those who looked have no faults. Trusted, all stays
// in the window.
func TestRacingPointers(t *testing.T) {
	w, err := vm.NewWorld()
	if err != nil {
		t.Skip(err)
	}
	t.Cleanup(func() { w.Close() })
	for _, s := range []*maps.Spec{
		{Name: "shared", Type: maps.Array, KeySize: 4, ValueSize: 256, MaxEntries: 1},
		{Name: "const", Type: maps.Array, KeySize: 4, ValueSize: 8, MaxEntries: 1, Flags: maps.ReadOnly, Entries: []maps.Entry{{Key: make([]byte, 4), Value: []byte{42, 0, 0, 0, 0, 0, 0, 0}}}},
	} {
		if _, err := w.AddMap(s); err != nil {
			t.Fatal(err)
		}
	}
	// The pointer is in a cache line of its own.
	const begin = `
		r6 = map_val(map_by_fd(0)) + 64
		r7 = map_val(map_by_fd(1)) + 0
		r8 = r6
		r8 += 128
		r9 = -4096
		r0 = 0
		r1 = ROUNDS
	`
	const changes = begin + `
	l:	*(u64 *)(r6 + 0) = r8
		*(u64 *)(r6 + 0) = r7
		*(u64 *)(r6 + 0) = r9
		*(u64 *)(r6 + 0) = r8
		r1 -= 1
		if r1 != 0 goto l
		exit`
	const wild = begin + `
	l:	r2 = *(u64 *)(r6 + 0)
		*(u64 *)(r2 + 0) = 7
		r3 = *(u64 *)(r6 + 0)
		lock *(u64 *)(r3 + 0) += r1
		r1 -= 1
		if r1 != 0 goto l
		exit`
	const careful = begin + `
	l:	r2 = *(u64 *)(r6 + 0)
		if r2 != r8 goto n
		*(u64 *)(r2 + 0) = 7
	n:	r3 = *(u64 *)(r6 + 0)
		if r3 != r8 goto m
		lock *(u64 *)(r3 + 0) += r1
	m:	r1 -= 1
		if r1 != 0 goto l
		exit`
	program := func(text string, mode vm.Mode, rounds int) func() vm.Result {
		l, err := w.Load(jit.Engine{}, caseOf(t, strings.ReplaceAll(text, "ROUNDS", fmt.Sprint(rounds))).Programs[0])
		if err != nil {
			t.Skip(err)
		}
		m := w.NewMachine()
		m.Mode, m.Fuel = mode, 1<<40
		if err := m.Setup(hook.SocketFilter, &vm.Input{}); err != nil {
			t.Fatal(err)
		}
		return func() vm.Result { return l.Instance.Run(m) }
	}
	ro, _ := w.Maps[1].Lookup(make([]byte, 4))
	for _, mode := range bothModes {
		change := program(changes, vm.Trusted, 20_000)
		kinds := map[string]int{}
		var mu sync.Mutex
		var writers, changer sync.WaitGroup
		for name, text := range map[string]string{"wild": wild, "careful": careful, "careful too": careful} {
			write := program(text, mode, 500)
			writers.Go(func() {
				for range 2000 * *longFlag {
					r := write()
					mu.Lock()
					kinds[fmt.Sprint(name, " ", r.Kind, " ", r.Fault.Kind)]++
					mu.Unlock()
				}
			})
		}
		var done atomic.Bool
		changer.Go(func() {
			for !done.Load() {
				change()
			}
		})
		writers.Wait()
		done.Store(true)
		changer.Wait()
		t.Logf("mode %v: %v", mode, kinds)
		if got := binary.LittleEndian.Uint64(w.Mem.Bytes(ro, 8)); mode == vm.Checked && got != 42 {
			t.Errorf("checked: what may only be read became %#x", got)
		}
		for kind := range kinds {
			if strings.HasPrefix(kind, "careful") && !strings.HasSuffix(kind, "exit none") {
				t.Errorf("mode %v: %s", mode, kind)
			}
		}
	}
}
