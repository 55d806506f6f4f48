package maps

import (
	"encoding/binary"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/lockstep-ebpf/lockstep/vm/mem"
)

// TestConcurrent has several machines and user space at work on one map of each
// type; run it under -race. Afterwards the map is still in order: no more elements
// than it may have, iteration and contents agree.
func TestConcurrent(t *testing.T) {
	inner := &Spec{Name: "inner", Type: Array, KeySize: 4, ValueSize: 8, MaxEntries: 1}
	for typ := range Type(64) {
		if !typ.Simulated() {
			continue
		}
		t.Run(typ.String(), func(t *testing.T) {
			s := &Spec{Type: typ, KeySize: 4, ValueSize: 8, MaxEntries: 16}
			switch {
			case typ.Keyless():
				s.KeySize = 0
			case typ == RingBuf:
				s.KeySize, s.ValueSize, s.MaxEntries = 0, 0, 1<<16
			case typ == LPMTrie:
				s.KeySize, s.Flags = 8, NoPrealloc
			case typ.Objects():
				s.ValueSize, s.Inner = 4, inner
			case typ == XSKMap:
				s.ValueSize = 4
			}
			x, _ := build(t, s, inner)
			var wg sync.WaitGroup
			for worker := range 4 {
				wg.Go(func() { hammer(x, worker) })
			}
			wg.Wait()
			if n := len(x.Entries(nil)); n > int(s.MaxEntries) {
				t.Errorf("%d elements, at most %d", n, s.MaxEntries)
			}
			if _, iterates := x.(iterator); !iterates || s.KeySize == 0 || typ == XSKMap || typ == SockMap || typ == SockHash || typ.Objects() {
				return
			}
			u, n := User{x}, 0
			var key []byte
			for {
				next := make([]byte, s.KeySize)
				if u.NextKey(key, next) != nil {
					break
				}
				if u.Lookup(next, make([]byte, u.ValueSize()), 0) == nil {
					n++
				}
				key = next
			}
			if have := len(x.Entries(nil)); n != have {
				t.Errorf("iteration finds %d elements, there are %d", n, have)
			}
		})
	}
}

func hammer(x Map, worker int) {
	r := rand.New(rand.NewPCG(uint64(worker), 7))
	u, s := User{x}, x.Spec()
	value, next := make([]byte, u.ValueSize()), make([]byte, s.KeySize)
	for range 2000 {
		var key []byte
		if s.KeySize > 0 {
			key = make([]byte, s.KeySize)
			binary.LittleEndian.PutUint32(key, r.Uint32N(20))
		}
		switch r.IntN(8) {
		case 0, 1:
			if !s.Type.Objects() && len(value) > 0 {
				value[0] = byte(r.Uint32N(3))
			}
			_ = u.Update(key, value, uint64(r.IntN(3)))
		case 2:
			_ = u.Delete(key)
		case 3:
			_ = u.LookupAndDelete(key, make([]byte, len(value)), 0)
		case 4:
			_ = u.NextKey(key, next)
		case 5:
			_ = u.Lookup(key, make([]byte, len(value)), 0)
		case 6:
			x.Entries(nil)
		case 7:
			hammerProgram(x, r, key, worker)
		}
	}
}

func hammerProgram(x Map, r *rand.Rand, key []byte, worker int) {
	value := make([]byte, x.Spec().ValueSize)
	switch m := x.(type) {
	case Ring:
		if addr, ok := m.Reserve(8+r.Uint64N(100), mem.RW); ok {
			m.Commit(addr, r.IntN(2) == 0)
		}
		m.Consume()
	case PerCPU:
		_ = m.UpdateCPU(key, value, Any, uint32(worker%2))
		m.LookupCPU(key, uint32(worker%2))
	case Pusher:
		_ = m.Push(value, Any)
		_ = m.Pop(value)
	case PerfOutput:
		_ = m.Output(r.Uint32N(20), uint32(worker))
	case StackPutter:
		_, _ = m.Put([]uint64{r.Uint64N(9), 3}, StackReuse)
	default:
		x.Lookup(key)
	}
}
