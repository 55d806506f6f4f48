package vm

import (
	"bytes"
	"slices"
	"testing"

	"github.com/lockstep-ebpf/lockstep/vm/hook"
	"github.com/lockstep-ebpf/lockstep/vm/maps"
	"github.com/lockstep-ebpf/lockstep/vm/mem"
)

// socketWorld has a sockmap (number 0) with socket 7 at 1, a sockhash (1) with 8
// under "ab", and an array (2).
func socketWorld(t *testing.T, typ hook.Type) *Machine {
	t.Helper()
	w, err := NewWorld()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.Close() })
	for _, s := range []maps.Spec{
		{Type: maps.SockMap, KeySize: 4, ValueSize: 4, MaxEntries: 2, Entries: []maps.Entry{{Key: []byte{1, 0, 0, 0}, Value: []byte{7, 0, 0, 0}}}},
		{Type: maps.SockHash, KeySize: 2, ValueSize: 8, MaxEntries: 2, Entries: []maps.Entry{{Key: []byte("ab"), Value: []byte{8, 0, 0, 0, 0, 0, 0, 0}}}},
		{Type: maps.Array, KeySize: 4, ValueSize: 8, MaxEntries: 2},
	} {
		if _, err := w.AddMap(&s); err != nil {
			t.Fatal(err)
		}
	}
	m := w.NewMachine()
	if err := m.Setup(typ, &Input{Packet: []byte("ab message")}); err != nil {
		t.Fatal(err)
	}
	return m
}

// TestRedirectToSocket: answers as bpf_sk_redirect_map and bpf_sk_redirect_hash in
// Linux's net/core/sock_map.c: SK_DROP for flags that are none and for keys without a
// socket.
func TestRedirectToSocket(t *testing.T) {
	m := socketWorld(t, hook.StreamVerdict)
	key := uint64(mem.PacketBase) // "ab"
	for _, tt := range []struct {
		name   string
		helper int32
		args   [5]uint64
		r0     uint64
		event  *Event
	}{
		{"a socket", 52, [5]uint64{m.R1, MapAddress(0), 1, 0}, 1, &Event{Kind: Redirect, Index: 1}},
		{"a socket's ingress", 52, [5]uint64{m.R1, MapAddress(0), 1, 1}, 1, &Event{Kind: Redirect, Index: 1, Flags: 1}},
		{"the index has 32 bits", 52, [5]uint64{m.R1, MapAddress(0), 1<<32 + 1, 0}, 1, &Event{Kind: Redirect, Index: 1}},
		{"nothing there", 52, [5]uint64{m.R1, MapAddress(0), 0, 0}, 0, nil},
		{"beyond the map", 52, [5]uint64{m.R1, MapAddress(0), 2, 0}, 0, nil},
		{"flags", 52, [5]uint64{m.R1, MapAddress(0), 1, 2}, 0, nil},
		{"flags in the upper half", 52, [5]uint64{m.R1, MapAddress(0), 1, 1 << 32}, 0, nil},
		{"a key", 72, [5]uint64{m.R1, MapAddress(1), key, 1}, 1, &Event{Kind: Redirect, Map: 1, Flags: 1, Data: []byte("ab")}},
		{"another key", 72, [5]uint64{m.R1, MapAddress(1), key + 1, 0}, 0, nil},
		{"flags, by key", 72, [5]uint64{m.R1, MapAddress(1), key, 4}, 0, nil},
	} {
		m.Events = m.Events[:0]
		r0, f := HelperByID(tt.helper).Call(m, &tt.args)
		var want []Event
		if tt.event != nil {
			want = []Event{*tt.event}
		}
		d, same := Compare(&Outcome{Events: want}, &Outcome{Events: m.Events}, ObsEvents)
		if f.Kind != NoFault || r0 != tt.r0 || !same {
			t.Errorf("%s: r0 %d, %v, want %d; %s", tt.name, r0, f, tt.r0, d)
		}
	}
}

// TestRedirectFaults: what a verifier would not let pass.
func TestRedirectFaults(t *testing.T) {
	for _, tt := range []struct {
		name   string
		typ    hook.Type
		helper int32
		args   func(m *Machine) [5]uint64
		want   Fault
	}{
		{"another type", hook.SchedCLS, 52, func(m *Machine) [5]uint64 { return [5]uint64{m.R1, MapAddress(0), 1, 0} }, Fault{Kind: FaultHelper, Addr: mem.ContextBase}},
		{"not the context", hook.StreamVerdict, 52, func(m *Machine) [5]uint64 { return [5]uint64{5, MapAddress(0), 1, 0} }, Fault{Kind: FaultHelper, Addr: 5}},
		{"a sockhash by index", hook.StreamVerdict, 52, func(m *Machine) [5]uint64 { return [5]uint64{m.R1, MapAddress(1), 1, 0} }, Fault{Kind: FaultHelper, Addr: MapAddress(1)}},
		{"a sockmap by key", hook.StreamVerdict, 72, func(m *Machine) [5]uint64 { return [5]uint64{m.R1, MapAddress(0), mem.PacketBase, 0} }, Fault{Kind: FaultHelper, Addr: MapAddress(0)}},
		{"an array", hook.StreamVerdict, 52, func(m *Machine) [5]uint64 { return [5]uint64{m.R1, MapAddress(2), 1, 0} }, Fault{Kind: FaultHelper, Addr: MapAddress(2)}},
		{"no map", hook.StreamVerdict, 72, func(m *Machine) [5]uint64 { return [5]uint64{m.R1, 0, mem.PacketBase, 0} }, Fault{Kind: FaultHelper}},
		{"a key that ends outside", hook.StreamVerdict, 72, func(m *Machine) [5]uint64 { return [5]uint64{m.R1, MapAddress(1), mem.PacketBase + 9, 0} }, Fault{Kind: FaultRead, Addr: mem.PacketBase + 9}},
	} {
		m := socketWorld(t, tt.typ)
		args := tt.args(m)
		if _, f := HelperByID(tt.helper).Call(m, &args); f != tt.want || len(m.Events) > 0 {
			t.Errorf("%s: %v, want %v; %d events", tt.name, f, tt.want, len(m.Events))
		}
	}
}

// TestDelivery: the lower half of r0 is the verdict; what is neither SK_DROP nor
// SK_PASS drops, and the last redirection that found a socket counts (sk_psock_map_verd
// and sk_psock_verdict_recv in Linux's net/core/skmsg.c).
func TestDelivery(t *testing.T) {
	const none = ^uint64(0)
	for _, tt := range []struct {
		name          string
		redirect      bool
		result        Result
		socket, flags uint64
		tainted       bool
	}{
		{"passed", false, Result{R0: 1}, 0, 0, false},
		{"passed, with an upper half", false, Result{R0: 5<<32 + 1}, 0, 0, false},
		{"redirected", true, Result{R0: 1}, 7, 1, false},
		{"redirected and dropped", true, Result{R0: 0}, none, 0, false},
		{"no verdict", true, Result{R0: 2}, none, 0, false},
		{"fault", true, Result{Kind: Faulted, R0: 1}, none, 0, false},
		{"undefined", true, Result{R0: 1, Undef: 1}, none, 0, true},
	} {
		m := socketWorld(t, hook.SKBVerdict)
		if tt.redirect {
			for _, index := range []uint64{1, 0} { // the second finds nothing
				if _, f := HelperByID(52).Call(m, &[5]uint64{m.R1, MapAddress(0), index, 1}); f.Kind != NoFault {
					t.Fatal(f)
				}
			}
		}
		var o Outcome
		m.Observe(tt.result, &o)
		m.Observe(tt.result, &o) // looking twice is not delivering twice
		at := slices.IndexFunc(o.Events, func(e Event) bool { return e.Kind == Message })
		switch {
		case o.Tainted != tt.tainted:
			t.Errorf("%s: tainted is %v", tt.name, o.Tainted)
		case tt.socket == none && at >= 0:
			t.Errorf("%s: %s", tt.name, &o.Events[at])
		case tt.socket != none && (at < 0 || at != len(o.Events)-1):
			t.Errorf("%s: message at %d of %d events", tt.name, at, len(o.Events))
		case tt.socket != none:
			if e := &o.Events[at]; e.Index != tt.socket || e.Flags != tt.flags || !bytes.Equal(e.Data, []byte("ab message")) {
				t.Errorf("%s: %s", tt.name, e)
			}
		}
	}
	// The next run starts without a redirection.
	m := socketWorld(t, hook.SKBVerdict)
	HelperByID(52).Call(m, &[5]uint64{m.R1, MapAddress(0), 1, 0})
	if err := m.Setup(hook.SKBVerdict, &Input{Packet: []byte("next")}); err != nil {
		t.Fatal(err)
	}
	var o Outcome
	m.Observe(Result{R0: 1}, &o)
	want := Outcome{Events: []Event{{Kind: Message, Map: -1, Data: []byte("next")}}}
	if d, same := Compare(&want, &o, ObsEvents); !same {
		t.Errorf("after a redirection in another run: %s", d)
	}
}
