package corpus

import (
	"bytes"
	"encoding/binary"
	"errors"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lockstep-ebpf/lockstep/fastvm"
	"github.com/lockstep-ebpf/lockstep/host/object"
	"github.com/lockstep-ebpf/lockstep/jit"
	"github.com/lockstep-ebpf/lockstep/kernelcmp"
	"github.com/lockstep-ebpf/lockstep/refvm"
	"github.com/lockstep-ebpf/lockstep/spec"
	"github.com/lockstep-ebpf/lockstep/vm"
	"github.com/lockstep-ebpf/lockstep/vm/hook"
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
	mark   uint32                        // of a socket buffer afterwards
	maps   func(spec.ByteOrder) entries  // afterwards: of the maps that are of interest
	events func(spec.ByteOrder) []effect // what it puts out, or nil: nothing
}

// entries are contents of maps, by the map's name. What a map of maps has is names,
// too; what an array of perf events has is numbers of CPUs.
type entries map[string][]maps.Entry

// effect is an event and the map it goes through.
type effect struct {
	through string
	vm.Event
}

// TestMain: the kernel's target runs what it loads in a child process.
func TestMain(m *testing.M) {
	kernelcmp.ExecutorMain()
	code := m.Run()
	for _, k := range guests.open {
		k.Close()
	}
	os.Exit(code)
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
	return append(slices.Clip(all), guestTargets(t)...)
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
	c, err := o.Case(program)
	if err != nil {
		t.Fatal(err)
	}
	if isKernel(target) {
		want = kernelTakes(t, c.Programs[0].Type, want)
	}
	for len(want) > 0 {
		n := 1
		for n < len(want) && want[n].set == nil {
			n++
		}
		if want[0].set != nil {
			write(t, c.Maps, want[0].set(o.Order))
		}
		c.Inputs = nil
		for _, w := range want[:n] {
			c.Inputs = append(c.Inputs, vm.Input{Packet: w.send()})
		}
		outcomes := target.Run(c)
		skipUnsupported(t, target, o.Order, &outcomes[0])
		for i, w := range want[:n] {
			compareOutcome(t, &outcomes[i], w, o)
			compareEvents(t, outcomes[i].Events, w, o, target.Observables(c))
			if c.Programs[0].Type == hook.SchedCLS {
				compareMark(t, outcomes[i].Context.Data, w, o.Order)
			}
		}
		for i, m := range c.Maps {
			if m.Type.Objects() { // no outcome shows those, and no program changes them
				continue
			}
			m.Entries = outcomes[n-1].Maps[i]
			if m.Type == maps.Stack { // what is popped first was pushed last
				slices.Reverse(m.Entries)
			}
		}
		want = want[n:]
	}
}

// lacking are the words in which Linux refuses what it cannot do, or could not do yet.
var lacking = map[string]string{
	"callbacks are not allowed in non-JITed programs": "this kernel has no JIT",
	"BPF_ALU uses reserved fields":                    "this kernel is older than 6.6, where -mcpu=v4 came",
}

// skipIfLacking skips a test on a kernel that cannot run the program at all.
func skipIfLacking(t *testing.T, refusal string) {
	t.Helper()
	for words, why := range lacking {
		if strings.Contains(refusal, words) {
			t.Skipf("%s: %s", why, words)
		}
	}
}

// write puts entries into the blueprints of maps.
func write(t *testing.T, all []*maps.Spec, set entries) {
	t.Helper()
	number := func(name string) int { return slices.IndexFunc(all, func(m *maps.Spec) bool { return m.Name == name }) }
	for name, list := range set {
		if number(name) < 0 {
			t.Fatalf("there is no map %s to write to", name)
		}
		m := all[number(name)]
		for _, e := range list {
			if m.Type == maps.HashOfMaps || m.Type == maps.ArrayOfMaps {
				e.Value = binary.LittleEndian.AppendUint32(nil, uint32(number(string(e.Value))))
			}
			m.Entries = slices.Clone(m.Entries)
			if !m.Type.Keyless() {
				m.Entries = slices.DeleteFunc(m.Entries, func(old maps.Entry) bool { return bytes.Equal(old.Key, e.Key) })
			}
			m.Entries = append(m.Entries, e)
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
		if diff := difference(entries, got); diff != "" {
			t.Errorf("%s: map %s (-want +got):\n%s", w.name, name, diff)
		}
	}
}

// compareMark looks at the mark in a struct __sk_buff.
func compareMark(t *testing.T, context []byte, w expected, o spec.ByteOrder) {
	t.Helper()
	if got := o.Binary().Uint32(context[8:]); got != w.mark {
		t.Errorf("%s: the mark is %d, want %d", w.name, got, w.mark)
	}
}

// compareEvents compares as much of the events as a target shows.
func compareEvents(t *testing.T, got []vm.Event, w expected, obj *object.Object, obs vm.Observable) {
	t.Helper()
	want := w.effects(obj.Order, func(name string) int { return slices.Index(obj.Maps, obj.Map(name)) })
	if d, same := vm.Compare(&vm.Outcome{Events: want}, &vm.Outcome{Events: got}, obs&(vm.ObsEvents|vm.ObsRecords)); !same {
		t.Errorf("%s: want, got: %v", w.name, d)
	}
}

// effects are the events expected, with numbers for their maps.
func (w *expected) effects(o spec.ByteOrder, number func(name string) int) []vm.Event {
	if w.events == nil {
		return nil
	}
	var all []vm.Event
	for _, e := range w.events(o) {
		e.Map = number(e.through)
		all = append(all, e.Event)
	}
	return all
}

// difference is what differs in the contents of a map, for people; nothing: they are the same. cmp is slow.
func difference(want, got []maps.Entry) string {
	want, got = byKey(want), byKey(got)
	same := func(a, b maps.Entry) bool { return bytes.Equal(a.Key, b.Key) && bytes.Equal(a.Value, b.Value) }
	if slices.EqualFunc(want, got, same) {
		return ""
	}
	return cmp.Diff(want, got)
}

// byKey is entries in order, without what the reference VM alone knows. A list without keys stays as it is.
func byKey(entries []maps.Entry) []maps.Entry {
	out := slices.Clone(entries)
	for i := range out {
		out[i].Undef = nil
	}
	slices.SortStableFunc(out, func(a, b maps.Entry) int { return bytes.Compare(a.Key, b.Key) })
	return out
}
