package corpus

import (
	"bytes"
	"errors"
	"os"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lockstep-ebpf/lockstep/fastvm"
	"github.com/lockstep-ebpf/lockstep/host/object"
	"github.com/lockstep-ebpf/lockstep/jit"
	"github.com/lockstep-ebpf/lockstep/kernelcmp"
	"github.com/lockstep-ebpf/lockstep/refvm"
	"github.com/lockstep-ebpf/lockstep/spec"
	"github.com/lockstep-ebpf/lockstep/vm"
	"github.com/lockstep-ebpf/lockstep/vm/maps"
	"github.com/lockstep-ebpf/lockstep/vm/mem"
)

// expected is what a packet is to leave behind.
type expected struct {
	name   string
	set    func(spec.ByteOrder) entries // what user space writes before the packet comes, or nil
	input  []byte                       // the packet; nil: as it is to be afterwards
	packet []byte                       // as it is to be afterwards
	r0     uint64
	maps   func(spec.ByteOrder) entries // afterwards: of the maps that are of interest
}

// entries are contents of maps, by the map's name.
type entries map[string][]maps.Entry

// TestMain: the kernel's target runs what it loads in a child process.
func TestMain(m *testing.M) {
	kernelcmp.ExecutorMain()
	os.Exit(m.Run())
}

// targets are all that can run here.
func targets(t *testing.T) []vm.Target {
	t.Helper()
	var all []vm.Target
	for _, e := range []vm.Engine{&refvm.Engine{}, fastvm.Engine{}, jit.Engine{}} {
		m, err := mem.New()
		if err != nil {
			m = mem.NewList()
		}
		all = append(all, vm.NewTarget(e, m))
	}
	switch k, err := kernelcmp.Open(kernelcmp.Options{}); {
	case err == nil:
		all = append(all, k)
	case errors.Is(err, kernelcmp.ErrNotPermitted) && (os.Getenv("CI") != "true" || os.Getuid() != 0):
		t.Logf("the kernel is left out: %v", err)
	default:
		t.Error(err)
	}
	t.Cleanup(func() {
		for _, target := range all {
			target.Close()
		}
	})
	return all
}

// check runs a program's packets in both byte orders on every target, and on the
// kernel without any of our code where that can be had.
func check(t *testing.T, program string, want []expected) {
	t.Helper()
	for _, target := range targets(t) {
		for _, order := range []spec.ByteOrder{spec.Little, spec.Big} {
			o, err := Object(program, order)
			if err != nil {
				t.Fatal(err)
			}
			t.Run(target.Name()+"/"+order.String(), func(t *testing.T) { checkTarget(t, target, o, program, want) })
		}
	}
	t.Run("cilium", func(t *testing.T) { checkKernel(t, program, want) })
}

// checkTarget makes a case of every stretch of packets that user space does not
// interrupt; the maps are handed on from one to the next.
func checkTarget(t *testing.T, target vm.Target, o *object.Object, program string, want []expected) {
	t.Helper()
	if target.Name() == "kernel" {
		want = kernelTakes(t, want)
	}
	c, err := o.Case(program)
	if err != nil {
		t.Fatal(err)
	}
	for len(want) > 0 {
		n := 1
		for n < len(want) && want[n].set == nil {
			n++
		}
		if want[0].set != nil {
			write(c.Maps, want[0].set(o.Order))
		}
		c.Inputs = nil
		for _, w := range want[:n] {
			c.Inputs = append(c.Inputs, vm.Input{Packet: w.send()})
		}
		outcomes := target.Run(c)
		if outcomes[0].Kind == vm.LoadUnsupported && o.Order == spec.Big {
			t.Skip("unsupported:", outcomes[0].Reason)
		}
		for i, w := range want[:n] {
			compareOutcome(t, &outcomes[i], w, o)
		}
		for i, m := range c.Maps {
			m.Entries = outcomes[n-1].Maps[i]
		}
		want = want[n:]
	}
}

// write puts entries into the blueprints of maps.
func write(all []*maps.Spec, set entries) {
	for _, m := range all {
		for _, e := range set[m.Name] {
			m.Entries = append(slices.DeleteFunc(slices.Clone(m.Entries), func(old maps.Entry) bool { return bytes.Equal(old.Key, e.Key) }), e)
		}
	}
}

func (w *expected) send() []byte {
	if w.input != nil {
		return w.input
	}
	return w.packet
}

func compareOutcome(t *testing.T, o *vm.Outcome, w expected, obj *object.Object) {
	t.Helper()
	if o.Kind != vm.Exit {
		t.Fatalf("%s: %+v, want exit", w.name, o.Result)
	}
	if o.Tainted || o.Undef&1 != 0 {
		t.Errorf("%s: the outcome depends on an undefined value", w.name)
	}
	if o.R0 != w.r0 {
		t.Errorf("%s: r0 is %d, want %d", w.name, o.R0, w.r0)
	}
	if !bytes.Equal(o.Packet.Data, w.packet) {
		t.Errorf("%s: the packet (-want +got):\n%s", w.name, cmp.Diff(w.packet, o.Packet.Data))
	}
	for name, entries := range w.maps(obj.Order) {
		got := o.Maps[slices.Index(obj.Maps, obj.Map(name))] // all maps of these objects are used, so the case has the same
		if diff := cmp.Diff(byKey(entries), byKey(got)); diff != "" {
			t.Errorf("%s: map %s (-want +got):\n%s", w.name, name, diff)
		}
	}
}

// byKey is entries in order, without what the reference VM alone knows.
func byKey(entries []maps.Entry) []maps.Entry {
	out := slices.Clone(entries)
	for i := range out {
		out[i].Undef = nil
	}
	slices.SortStableFunc(out, func(a, b maps.Entry) int { return bytes.Compare(a.Key, b.Key) })
	return out
}

// numbers is a struct of 64-bit members.
func numbers(o spec.ByteOrder, members ...uint64) []byte {
	b := make([]byte, 8*len(members))
	for i, m := range members {
		o.Binary().PutUint64(b[8*i:], m)
	}
	return b
}

// entry is a key with its value.
func entry(key, value []byte) maps.Entry { return maps.Entry{Key: key, Value: value} }

// array is an array map of 64-bit elements.
func array(o spec.ByteOrder, elements ...uint64) []maps.Entry {
	all := make([]maps.Entry, len(elements))
	for i, e := range elements {
		key := make([]byte, 4)
		o.Binary().PutUint32(key, uint32(i))
		all[i] = maps.Entry{Key: key, Value: numbers(o, e)}
	}
	return all
}
