package vm

import (
	"sync"
	"testing"

	"github.com/lockstep-ebpf/lockstep/vm/hook"
	"github.com/lockstep-ebpf/lockstep/vm/maps"
	"github.com/lockstep-ebpf/lockstep/vm/mem"
)

// TestMachinesShareMaps has four machines call map helpers in one World; run it
// under -race. Nothing is lost: what all of them counted and put out adds up.
func TestMachinesShareMaps(t *testing.T) {
	const machines, rounds = 4, 500
	w := NewWorldIn(mem.NewList())
	var all []*Machine
	for range machines {
		all = append(all, w.NewMachine())
	}
	for _, s := range []*maps.Spec{
		{Name: "counts", Type: maps.PerCPUHash, KeySize: 4, ValueSize: 8, MaxEntries: 8},
		{Name: "shared", Type: maps.Hash, KeySize: 4, ValueSize: 8, MaxEntries: 2},
		{Name: "ring", Type: maps.RingBuf, MaxEntries: 1 << 17},
		{Name: "queue", Type: maps.Queue, ValueSize: 8, MaxEntries: machines * rounds},
	} {
		if _, err := w.AddMap(s); err != nil {
			t.Fatal(err)
		}
	}
	for _, m := range all {
		if err := m.Setup(hook.Unspec, &Input{Memory: make([]byte, 16)}); err != nil {
			t.Fatal(err)
		}
	}
	var wg sync.WaitGroup
	for _, m := range all {
		wg.Go(func() {
			call := func(id int32, args ...uint64) uint64 {
				var a [5]uint64
				copy(a[:], args)
				r0, f := HelperByID(id).Call(m, &a)
				if f.Kind != NoFault {
					t.Errorf("helper %d: %v", id, f)
				}
				return r0
			}
			call(HelperMapUpdate, MapAddress(0), m.R1, m.R1+8, maps.NoExist) // one of them creates it
			for range rounds {
				at := call(HelperMapLookup, MapAddress(0), m.R1)
				v, _, _ := m.Mem.Load(at, 8)
				m.Mem.Store(at, 8, v+1, false)
				call(HelperMapUpdate, MapAddress(1), m.R1, m.R1+8)
				call(HelperMapDelete, MapAddress(1), m.R1)
				call(130, MapAddress(2), m.R1, 16, 0)
				call(87, MapAddress(3), m.R1+8, 0)
			}
		})
	}
	wg.Wait()
	var events int
	for i, m := range all {
		events += len(m.Events)
		at, _ := w.Maps[0].(maps.PerCPU).LookupCPU(make([]byte, 4), uint32(i))
		if v, _, _ := w.Mem.Load(uint64(at), 8); v != rounds {
			t.Errorf("CPU %d counted %d, want %d", i, v, rounds)
		}
	}
	records := 0
	for {
		if _, ok := w.Maps[2].(maps.Ring).Consume(); !ok {
			break
		}
		records++
	}
	if queued := len(w.Maps[3].Entries(nil)); events != machines*rounds || records != events || queued != events {
		t.Errorf("%d events, %d records, %d queued; want %d of each", events, records, queued, machines*rounds)
	}
}
