package mem

import (
	"flag"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/lockstep-ebpf/lockstep/spec"
)

var seed = flag.Uint64("seed", uint64(time.Now().UnixNano()), "of the random tests")

// forms runs a test on every form of memory that the host has.
func forms(t *testing.T, f func(t *testing.T, m *Memory)) {
	t.Run("list", func(t *testing.T) { f(t, NewList()) })
	if !windowSupported {
		t.Log("no window form on this host")
		return
	}
	t.Run("window", func(t *testing.T) {
		m, err := NewWindow()
		if err != nil {
			t.Fatal(err)
		}
		f(t, m)
		if err := m.Close(); err != nil {
			t.Error(err)
		}
	})
}

func TestAccessNeedsEveryByte(t *testing.T) {
	forms(t, func(t *testing.T, m *Memory) {
		m.Reserve(StackBase, 64)
		m.Allow(StackBase+8, 16, RW)
		m.Allow(StackBase+24, 4, Read)
		for _, tt := range []struct {
			addr        uint64
			n           uint32
			read, write bool
		}{
			{StackBase + 8, 8, true, true},
			{StackBase + 7, 1, false, false},
			{StackBase + 7, 2, false, false},
			{StackBase + 17, 8, true, false}, // the last byte is read-only
			{StackBase + 24, 4, true, false},
			{StackBase + 27, 2, false, false},
			{StackBase + 21, 8, false, false},
			{0, 8, false, false},
			{StackBase + 8 + 1<<32, 8, false, false},
			{Size - 8, 8, false, false},
			{Size - 4, 8, false, false},
			{^uint64(0), 1, false, false},
			{^uint64(0) - 3, 8, false, false},
		} {
			_, _, ok := m.Load(tt.addr, tt.n)
			if ok != tt.read {
				t.Errorf("load %d at %#x: %v", tt.n, tt.addr, ok)
			}
			if got := m.Store(tt.addr, tt.n, 1, false); got != tt.write {
				t.Errorf("store %d at %#x: %v", tt.n, tt.addr, got)
			}
			if got := m.Can(tt.addr, tt.n, Read); got != tt.read {
				t.Errorf("can read %d at %#x: %v", tt.n, tt.addr, got)
			}
		}
	})
}

func TestByteOrder(t *testing.T) {
	forms(t, func(t *testing.T, m *Memory) {
		m.Reserve(StackBase, 16)
		m.Allow(StackBase, 16, RW)
		for _, tt := range []struct {
			order spec.ByteOrder
			n     uint32
			want  [8]byte
		}{
			{spec.Little, 8, [8]byte{0x88, 0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0x11}},
			{spec.Big, 8, [8]byte{0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88}},
			{spec.Little, 2, [8]byte{0x88, 0x77}},
			{spec.Big, 2, [8]byte{0x77, 0x88}},
			{spec.Big, 1, [8]byte{0x88}},
		} {
			m.Order = tt.order
			clear(m.Bytes(StackBase, 8))
			m.Store(StackBase, tt.n, 0x1122334455667788, false)
			if got := [8]byte(m.Bytes(StackBase, 8)); got != tt.want {
				t.Errorf("%v, %d bytes: % x", tt.order, tt.n, got)
			}
			v, _, _ := m.Load(StackBase, tt.n)
			if want := uint64(0x1122334455667788) & (1<<(8*tt.n) - 1); v != want {
				t.Errorf("%v, %d bytes: read back %#x, want %#x", tt.order, tt.n, v, want)
			}
			old, _, ok := m.Update(StackBase, tt.n, RW, false, func(old uint64) (uint64, bool) { return old + 1, true })
			now, _, _ := m.Load(StackBase, tt.n)
			if !ok || old != v || now != v+1 {
				t.Errorf("%v, %d bytes: update of %#x saw %#x and left %#x", tt.order, tt.n, v, old, now)
			}
		}
	})
}

func TestUndefFollowsStores(t *testing.T) {
	forms(t, func(t *testing.T, m *Memory) {
		m.Reserve(StackBase, 16)
		m.Allow(StackBase, 16, RW|Undef)
		m.Store(StackBase+2, 4, 7, false)
		for addr, want := range map[uint64]bool{StackBase: true, StackBase + 2: false, StackBase + 8: true} {
			if _, undef, _ := m.Load(addr, 2); undef != want {
				t.Errorf("%#x: undefined %v", addr, undef)
			}
		}
		if _, undef, _ := m.Load(StackBase, 8); !undef {
			t.Error("one undefined byte makes a value undefined")
		}
		m.Store(StackBase+3, 1, 7, true)
		if got := m.UndefIn(StackBase+2, 4); got == nil || got[0] || !got[1] || got[2] {
			t.Errorf("marks %v", got)
		}
	})
}

// TestFormsAgree makes the same random accesses on both forms.
func TestFormsAgree(t *testing.T) {
	if !windowSupported {
		t.Skip("no window form on this host")
	}
	t.Logf("-seed %d", *seed)
	rnd := rand.New(rand.NewPCG(*seed, 0))
	w, err := NewWindow()
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	l := NewList()
	for _, base := range []uint32{StackBase, ContextBase, ValueBase} {
		for _, m := range []*Memory{w, l} {
			m.Reserve(base, 256)
			m.Allow(base+16, 100, RW)
			m.Allow(base+128, 64, Read)
		}
	}
	for range 100_000 {
		addr := uint64([]uint32{StackBase, ContextBase, ValueBase}[rnd.IntN(3)]) + uint64(rnd.IntN(300)) - 20
		n, v, undef := uint32(1)<<rnd.IntN(4), rnd.Uint64(), rnd.IntN(8) == 0
		if rnd.IntN(2) == 0 {
			if a, b := w.Store(addr, n, v, undef), l.Store(addr, n, v, undef); a != b {
				t.Fatalf("store %d at %#x: window %v, list %v", n, addr, a, b)
			}
			continue
		}
		va, ua, oa := w.Load(addr, n)
		vb, ub, ob := l.Load(addr, n)
		if va != vb || ua != ub || oa != ob {
			t.Fatalf("load %d at %#x: window %#x %v %v, list %#x %v %v", n, addr, va, ua, oa, vb, ub, ob)
		}
	}
}

func TestReleaseAndScrubLeaveNothing(t *testing.T) {
	for name, drop := range map[string]func(m *Memory){
		"release": func(m *Memory) { m.Release(ValueBase, ValueEnd) },
		"scrub":   func(m *Memory) { m.Scrub() },
	} {
		t.Run(name, func(t *testing.T) {
			forms(t, func(t *testing.T, m *Memory) {
				m.Reserve(ValueBase, 32)
				m.Allow(ValueBase, 32, RW)
				m.Store(ValueBase, 8, 42, false)
				drop(m)
				if _, _, ok := m.Load(ValueBase, 8); ok {
					t.Error("still accessible")
				}
				m.Reserve(ValueBase, 32)
				m.Allow(ValueBase, 32, RW)
				if v, _, _ := m.Load(ValueBase, 8); v != 0 {
					t.Errorf("residue %#x", v)
				}
			})
		})
	}
}

// TestNarrowUpdatesDoNotTearNeighbours adds to four adjacent bytes, and to a word
// and a double word, from many goroutines at once.
func TestNarrowUpdatesDoNotTearNeighbours(t *testing.T) {
	forms(t, func(t *testing.T, m *Memory) {
		m.Reserve(ValueBase, 32)
		m.Allow(ValueBase, 32, RW)
		add := func(old uint64) (uint64, bool) { return old + 1, true }
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				for range 30 {
					for b := range uint64(4) {
						m.Update(ValueBase+b, 1, RW, false, add)
					}
					m.Update(ValueBase+4, 4, RW, false, add)
					m.Update(ValueBase+8, 8, RW, false, add)
				}
			})
		}
		wg.Wait()
		for _, x := range []struct {
			off uint64
			n   uint32
		}{{0, 1}, {1, 1}, {2, 1}, {3, 1}, {4, 4}, {8, 8}} {
			if v, _, _ := m.Load(ValueBase+x.off, x.n); v != 8*30 {
				t.Errorf("at %d: %d additions of %d arrived", x.off, v, 8*30)
			}
		}
	})
}
