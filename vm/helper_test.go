package vm

import (
	"testing"

	"github.com/lockstep-ebpf/lockstep/vm/hook"
	"github.com/lockstep-ebpf/lockstep/vm/maps"
	"github.com/lockstep-ebpf/lockstep/vm/mem"
)

// TestTracePrintk formats as Documentation and bpf_bprintf_prepare of Linux have
// it: no more than three arguments, a terminating NUL, %% and few verbs.
func TestTracePrintk(t *testing.T) {
	w := NewWorldIn(mem.NewList())
	m := w.NewMachine()
	for _, tt := range []struct {
		format string
		args   [3]uint64
		want   string
		r0     int64
	}{
		{"plain\x00", [3]uint64{}, "plain", 5},
		{"%d %u %x\x00", [3]uint64{^uint64(0), ^uint64(0), ^uint64(0)}, "-1 4294967295 ffffffff", 22},
		{"%ld %llx\x00", [3]uint64{^uint64(0), 1 << 40}, "-1 10000000000", 14},
		{"100%%\x00", [3]uint64{}, "100%", 4},
		{"no end", [3]uint64{}, "", -22},
		{"%d%d%d%d\x00", [3]uint64{}, "", -22},
		{"%q\x00", [3]uint64{}, "", -22},
		{"%\x00", [3]uint64{}, "", -22},
		{"%llld\x00", [3]uint64{}, "", -22},
	} {
		if err := m.Setup(hook.Unspec, &Input{Memory: []byte(tt.format)}); err != nil {
			t.Fatal(err)
		}
		r0, f := HelperByID(HelperTracePrintk).Call(m, &[5]uint64{m.R1, m.R2, tt.args[0], tt.args[1], tt.args[2]})
		if f.Kind != NoFault || int64(r0) != tt.r0 {
			t.Errorf("%q: r0 %d, %v", tt.format, int64(r0), f)
		}
		if tt.r0 >= 0 && (len(m.Trace) != 1 || m.Trace[0] != tt.want) {
			t.Errorf("%q: printed %q, want %q", tt.format, m.Trace, tt.want)
		}
	}
}

func TestMapHelpersCheckTheirArguments(t *testing.T) {
	w := NewWorldIn(mem.NewList())
	m := w.NewMachine()
	if _, err := w.AddMap(&maps.Spec{Name: "a", Type: maps.Array, KeySize: 4, ValueSize: 8, MaxEntries: 2}); err != nil {
		t.Fatal(err)
	}
	if err := m.Setup(hook.Unspec, &Input{Memory: make([]byte, 16)}); err != nil {
		t.Fatal(err)
	}
	key, outside := m.R1, m.R1+14
	for _, tt := range []struct {
		name   string
		helper int32
		args   [5]uint64
		want   Fault
		r0     int64
	}{
		{"no map", HelperMapLookup, [5]uint64{MapAddress(1), key}, Fault{Kind: FaultHelper, Addr: MapAddress(1)}, 0},
		{"inside a map's object", HelperMapLookup, [5]uint64{MapAddress(0) + 8, key}, Fault{Kind: FaultHelper, Addr: MapAddress(0) + 8}, 0},
		{"key half outside", HelperMapLookup, [5]uint64{MapAddress(0), outside}, Fault{Kind: FaultRead, Addr: outside}, 0},
		{"value half outside", HelperMapUpdate, [5]uint64{MapAddress(0), key, m.R1 + 12}, Fault{Kind: FaultRead, Addr: m.R1 + 12}, 0},
		{"bad flags", HelperMapUpdate, [5]uint64{MapAddress(0), key, key, 9}, Fault{}, -22},
		{"update", HelperMapUpdate, [5]uint64{MapAddress(0), key, key, 0}, Fault{}, 0},
		{"delete of an array", HelperMapDelete, [5]uint64{MapAddress(0), key}, Fault{}, -22},
		{"lookup", HelperMapLookup, [5]uint64{MapAddress(0), key}, Fault{}, mem.ValueBase},
	} {
		r0, f := HelperByID(tt.helper).Call(m, &tt.args)
		if f != tt.want || f.Kind == NoFault && int64(r0) != tt.r0 {
			t.Errorf("%s: r0 %d, %v, want %d, %v", tt.name, int64(r0), f, tt.r0, tt.want)
		}
	}
}
