package vm

import (
	"encoding/binary"
	"errors"
	"testing"

	"github.com/lockstep-ebpf/lockstep/vm/hook"
	"github.com/lockstep-ebpf/lockstep/vm/maps"
	"github.com/lockstep-ebpf/lockstep/vm/mem"
)

func TestSetupLaysOutTheContext(t *testing.T) {
	w := NewWorldIn(mem.NewList())
	m := w.NewMachine()
	packet := []byte{1, 2, 3, 4, 5}
	if err := m.Setup(hook.XDP, &Input{Packet: packet}); err != nil {
		t.Fatal(err)
	}
	data, _, _ := w.Mem.Load(m.R1, 4)
	end, _, _ := w.Mem.Load(m.R1+4, 4)
	if end-data != uint64(len(packet)) {
		t.Errorf("data %#x, data_end %#x, want %d apart", data, end, len(packet))
	}
	if v, _, ok := w.Mem.Load(data+4, 1); !ok || v != 5 {
		t.Errorf("last byte %d %v", v, ok)
	}
	if w.Mem.Can(end, 1, mem.Read) {
		t.Error("the byte behind the packet is readable")
	}
	if w.Mem.Can(m.R1, 4, mem.Write) {
		t.Error("xdp_md is writable")
	}
	if m.R2Def {
		t.Error("r2 is defined at entry")
	}

	if err := m.Setup(hook.SchedCLS, &Input{Packet: packet, Context: binary.LittleEndian.AppendUint32(make([]byte, 8), 77)}); err != nil {
		t.Fatal(err)
	}
	for _, f := range []struct {
		off         uint64
		want        uint64
		read, write bool
	}{
		{hook.SkbLen, 5, true, false}, {8, 77, true, true}, {48, 0, true, true}, {88, 0, false, false},
	} {
		v, _, ok := w.Mem.Load(m.R1+f.off, 4)
		if v != f.want || ok != f.read || w.Mem.Can(m.R1+f.off, 4, mem.Write) != f.write {
			t.Errorf("skb field at %d: %d, readable %v", f.off, v, ok)
		}
	}

	if err := m.Setup(hook.Unspec, &Input{Memory: packet}); err != nil || m.R2 != 5 || !m.R2Def {
		t.Errorf("mem: r2 %d, %v", m.R2, err)
	}
	var rejected *Rejected
	if err := m.Setup(hook.XDP, &Input{Packet: make([]byte, MaxInput+1)}); !errors.As(err, &rejected) {
		t.Errorf("a packet too large: %v", err)
	}
	if err := m.Setup(hook.XDP, &Input{Context: make([]byte, 25)}); !errors.As(err, &rejected) {
		t.Errorf("a context too large: %v", err)
	}
}

// idle is an engine whose programs do nothing.
type idle struct{}

func (idle) Name() string                   { return "idle" }
func (idle) Supports(*Program) error        { return nil }
func (idle) Load(*Loaded) (Instance, error) { return idle{}, nil }
func (idle) Run(*Machine) Result            { return Result{} }
func (idle) Close() error                   { return nil }

// TestResetLeavesNothing fills a World and resets it: guest memory is as new, and
// a second build gives the same addresses.
func TestResetLeavesNothing(t *testing.T) {
	for _, mode := range []Mode{Checked, Trusted} {
		gm, err := mem.New()
		if err != nil {
			t.Fatal(err)
		}
		w := NewWorldIn(gm)
		m := w.NewMachine()
		m.Mode = mode
		build := func() (addrs []uint64) {
			for _, s := range []*maps.Spec{
				{Name: "a", Type: maps.Array, KeySize: 4, ValueSize: 3, MaxEntries: 5},
				{Name: "b", Type: maps.Array, KeySize: 4, ValueSize: 100, MaxEntries: 1},
			} {
				if _, err := w.AddMap(s); err != nil {
					t.Fatal(err)
				}
				v, _ := w.Maps[len(w.Maps)-1].Lookup([]byte{0, 0, 0, 0})
				addrs = append(addrs, uint64(v))
			}
			l, err := w.Load(idle{}, program(t, "call f\nexit\nf: r0 = 1\nexit"))
			if err != nil {
				t.Fatal(err)
			}
			if err := m.Setup(hook.Unspec, &Input{Memory: []byte{1, 2, 3, 4, 5, 6, 7, 8}}); err != nil {
				t.Fatal(err)
			}
			return append(addrs, m.R1, m.OpenFrame(3, mem.RW)-8, l.FuncAddress(2))
		}
		first := build()
		for _, a := range first[:len(first)-1] {
			gm.Store(a, 2, 0xffff, false)
		}
		if err := w.Reset(); err != nil {
			t.Fatal(err)
		}
		for _, a := range first[:len(first)-1] {
			if gm.Can(a, 1, mem.Read) {
				t.Errorf("mode %d: %#x is readable after Reset", mode, a)
			}
			if b := gm.Bytes(uint32(a), 2); b != nil && (b[0] != 0 || b[1] != 0) {
				t.Errorf("mode %d: residue % x at %#x", mode, b, a)
			}
		}
		second := build()
		for i := range first {
			if first[i] != second[i] {
				t.Errorf("mode %d: address %d was %#x, is %#x", mode, i, first[i], second[i])
			}
		}
		if err := w.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestFuncAddressesAreFunctionsOnly(t *testing.T) {
	w := NewWorldIn(mem.NewList())
	l, err := w.Load(idle{}, program(t, "call f\nexit\nf: r0 = 1\nexit"))
	if err != nil {
		t.Fatal(err)
	}
	if got := l.FuncAt(l.FuncAddress(2)); got != 2 {
		t.Errorf("the function at 2 was found at %d", got)
	}
	for _, addr := range []uint64{l.FuncAddress(1), l.FuncAddress(2) + 1, 0, ^uint64(0)} {
		if got := l.FuncAt(addr); got != -1 {
			t.Errorf("%#x is a function at %d", addr, got)
		}
	}
}

// A raw tracepoint's context is as long as its arguments and cannot be written; the
// packet of a control group's program cannot be written either.
func TestSetupReadOnly(t *testing.T) {
	w, err := NewWorld()
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	m := w.NewMachine()
	if err := m.Setup(hook.RawTracepoint, &Input{Context: make([]byte, 16)}); err != nil {
		t.Fatal(err)
	}
	ctx := uint64(m.R1)
	if !m.Mem.Can(ctx, 16, mem.Read) || m.Mem.Can(ctx, 17, mem.Read) || m.Mem.Can(ctx, 1, mem.Write) {
		t.Error("the context of a raw tracepoint is not 16 bytes to read")
	}
	var rejected *Rejected
	if err := m.Setup(hook.RawTracepoint, &Input{Context: make([]byte, 97)}); !errors.As(err, &rejected) {
		t.Errorf("13 arguments: %v", err)
	}
	for typ, want := range map[hook.Type]bool{hook.CgroupSKBIngress: false, hook.CgroupSKBEgress: false, hook.StreamVerdict: true, hook.SchedCLS: true} {
		if err := m.Setup(typ, &Input{Packet: make([]byte, 20)}); err != nil {
			t.Fatal(err)
		}
		data := uint64(mem.PacketBase)
		if !m.Mem.Can(data, 20, mem.Read) || m.Mem.Can(data, 20, mem.Write) != want {
			t.Errorf("%s: the packet may be written: %v", typ, !want)
		}
	}
}
