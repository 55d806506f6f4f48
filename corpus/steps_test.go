package corpus

import (
	"bytes"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/lockstep-ebpf/lockstep/host/object"
	"github.com/lockstep-ebpf/lockstep/spec"
	"github.com/lockstep-ebpf/lockstep/vm"
	"github.com/lockstep-ebpf/lockstep/vm/hook"
	vmmaps "github.com/lockstep-ebpf/lockstep/vm/maps"
)

// step is an event that a program of an object runs for, and what is to become of it.
// It is for objects whose programs take turns, or whose input is more than a packet;
// for the others there is expected.
type step struct {
	name    string
	program string
	set     func(spec.ByteOrder) entries // what user space writes before, or nil
	context func(spec.ByteOrder) []byte  // at the start, or nil
	packet  []byte                       // at the start
	r0      uint64
	fields  func(spec.ByteOrder) map[int][]byte // parts of the context afterwards, by offset; or nil
	after   []byte                              // the packet afterwards; nil: as before
	events  func(spec.ByteOrder) []vm.Event     // ring records and messages; maps have the number 0
	maps    func(spec.ByteOrder) entries
	beyond  string // why the kernel cannot be given the input; empty if it can
}

func (s *step) input(o spec.ByteOrder) vm.Input {
	in := vm.Input{Packet: s.packet}
	if s.context != nil {
		in.Context = s.context(o)
	}
	return in
}

// write puts what user space writes into the maps.
func (s *step) write(all []*vmmaps.Spec, o spec.ByteOrder) {
	set := s.set(o)
	for _, m := range all {
		for _, e := range set[m.Name] {
			m.Entries = append(slices.DeleteFunc(slices.Clone(m.Entries), func(old vmmaps.Entry) bool { return bytes.Equal(old.Key, e.Key) }), e)
		}
	}
}

func (s *step) packetAfter() []byte {
	if s.after != nil {
		return s.after
	}
	return s.packet
}

// stretch is how many steps from the first on make one case: one program runs, and
// user space does not interrupt. The maps are handed on to the next.
func stretch(steps []step) int {
	n := 1
	for n < len(steps) && steps[n].program == steps[0].program && steps[n].set == nil {
		n++
	}
	return n
}

// within drops what the kernel cannot be given, and all that comes after it.
func within(t *testing.T, steps []step) []step {
	t.Helper()
	for i, s := range steps {
		if s.beyond != "" {
			t.Logf("%s, and %d steps after it: %s", s.name, len(steps)-i-1, s.beyond)
			return steps[:i]
		}
	}
	return steps
}

// checkSteps runs the steps in both byte orders on every target.
func checkSteps(t *testing.T, name string, steps []step) {
	t.Helper()
	for _, target := range targets(t) {
		for _, order := range []spec.ByteOrder{spec.Little, spec.Big} {
			o, err := Object(name, order)
			if err != nil {
				t.Fatal(err)
			}
			t.Run(target.Name()+"/"+order.String(), func(t *testing.T) { walk(t, target, o, steps) })
		}
	}
}

// walk runs the steps, stretch by stretch.
func walk(t *testing.T, target vm.Target, o *object.Object, steps []step) {
	t.Helper()
	if isKernel(target) {
		steps = within(t, steps)
	}
	contents := entries{} // by now
	for len(steps) > 0 {
		n := stretch(steps)
		c, err := o.Case(steps[0].program)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range c.Maps {
			if now, ok := contents[m.Name]; ok {
				m.Entries = now
			}
		}
		if steps[0].set != nil {
			steps[0].write(c.Maps, o.Order)
		}
		for _, s := range steps[:n] {
			c.Inputs = append(c.Inputs, s.input(o.Order))
		}
		outcomes := target.Run(c)
		skipUnsupported(t, target, o.Order, &outcomes[0])
		for i, s := range steps[:n] {
			out := &outcomes[i]
			if out.Kind != vm.Exit {
				t.Fatalf("%s: %+v, want exit", s.name, out.Result)
			}
			for m, spec := range c.Maps {
				contents[spec.Name] = slices.Clone(out.Maps[m])
			}
			s.judge(t, out, target.Observables(c), o)
			s.judgeMaps(t, o, contents)
		}
		contents = deepCopy(contents) // the outcomes are the target's
		steps = steps[n:]
	}
}

func deepCopy(e entries) entries {
	out := maps.Clone(e)
	for name := range out {
		out[name] = slices.Clone(out[name])
		for i, x := range out[name] {
			out[name][i] = vmmaps.Entry{Key: bytes.Clone(x.Key), Value: bytes.Clone(x.Value)}
		}
	}
	return out
}

// judge compares all but the maps.
func (s *step) judge(t *testing.T, out *vm.Outcome, obs vm.Observable, o *object.Object) {
	t.Helper()
	if out.Tainted || out.Undef&1 != 0 {
		t.Errorf("%s: the outcome depends on an undefined value", s.name)
	}
	if out.R0 != s.r0 {
		t.Errorf("%s: r0 is %d, want %d", s.name, out.R0, s.r0)
	}
	if obs&vm.ObsPacket != 0 && !bytes.Equal(out.Packet.Data, s.packetAfter()) {
		t.Errorf("%s: the packet (-want +got):\n%s", s.name, cmp.Diff(s.packetAfter(), out.Packet.Data))
	}
	if s.fields != nil && obs&vm.ObsContext != 0 {
		for off, want := range s.fields(o.Order) {
			if got := out.Context.Data[off:][:len(want)]; !bytes.Equal(got, want) {
				t.Errorf("%s: the context from byte %d on is %x, want %x", s.name, off, got, want)
			}
		}
	}
	var want []vm.Event
	if s.events != nil {
		want = s.events(o.Order)
	}
	if diff := cmp.Diff(want, putOut(out.Events)); diff != "" {
		t.Errorf("%s: events (-want +got):\n%s", s.name, diff)
	}
}

// putOut is what a kernel shows of events too.
func putOut(all []vm.Event) (out []vm.Event) {
	for _, e := range all {
		if e.Kind != vm.Redirect {
			e.Map, e.Undef = 0, nil
			out = append(out, e)
		}
	}
	return out
}

// judgeMaps compares the maps that the step says something of.
func (s *step) judgeMaps(t *testing.T, o *object.Object, contents entries) {
	t.Helper()
	for name, want := range s.maps(o.Order) {
		if o.Map(name) == nil {
			t.Fatalf("%s: there is no map %s", s.name, name)
		}
		got, ran := contents[name]
		if !ran { // only programs that did not run yet use it
			continue
		}
		if diff := differ(want, got); diff != "" {
			t.Errorf("%s: map %s (-want +got):\n%s", s.name, name, diff)
		}
	}
}

// differ compares contents of a map in whatever order; nil is as good as empty.
func differ(want, got []vmmaps.Entry) string {
	want, got = byKey(want), byKey(got)
	same := func(a, b vmmaps.Entry) bool { return bytes.Equal(a.Key, b.Key) && bytes.Equal(a.Value, b.Value) }
	if slices.EqualFunc(want, got, same) { // cmp takes its time
		return ""
	}
	return cmp.Diff(want, got, cmpopts.EquateEmpty())
}

// args is the context of a raw tracepoint.
func args(values ...uint64) func(spec.ByteOrder) []byte {
	return func(o spec.ByteOrder) []byte { return numbers(o, values...) }
}

// list is the contents of a queue or stack of 64-bit numbers.
func list(o spec.ByteOrder, values ...uint64) []vmmaps.Entry {
	var all []vmmaps.Entry
	for _, v := range values {
		all = append(all, entry(nil, numbers(o, v)))
	}
	return all
}

// hash is the contents of a hash map of 64-bit keys and values.
func hash[K ~int64 | ~uint64](o spec.ByteOrder, m map[K]uint64) (all []vmmaps.Entry) {
	for k, v := range m {
		all = append(all, entry(numbers(o, uint64(k)), numbers(o, v)))
	}
	return all
}

// onOneCPU is a per-CPU array whose elements are zero on all CPUs but the first.
func onOneCPU(o spec.ByteOrder, elements ...uint64) []vmmaps.Entry {
	all := array(o, elements...)
	for i := range all {
		all[i].Value = append(all[i].Value, make([]byte, 8*(vm.DefaultCPUs-1))...)
	}
	return all
}

// globals is the contents of .bss, .data or .rodata.
func globals(o spec.ByteOrder, members ...uint64) []vmmaps.Entry {
	return []vmmaps.Entry{entry(make([]byte, 4), numbers(o, members...))}
}

// TestHookTypes: the objects' programs have the types that their sections say.
func TestHookTypes(t *testing.T) {
	for program, want := range map[string]hook.Type{
		"syscalls/syscalls": hook.RawTracepoint, "latency/issue": hook.RawTracepoint, "latency/complete": hook.RawTracepoint,
		"histogram/histogram": hook.RawTracepoint, "dedup/dedup": hook.RawTracepoint, "control/control": hook.Syscall,
		"cgroup/egress": hook.CgroupSKBEgress, "cgroup/ingress": hook.CgroupSKBIngress, "sockredir/sockredir": hook.StreamVerdict,
	} {
		name, prog, _ := strings.Cut(program, "/")
		for _, order := range []spec.ByteOrder{spec.Little, spec.Big} {
			o, err := Object(name, order)
			if err != nil {
				t.Fatal(err)
			}
			if p, err := o.Program(prog); err != nil || p.Type != want {
				t.Errorf("%s: %v, %v, want %s", program, p, err, want)
			}
		}
	}
}

// word is a 32-bit number.
func word(o spec.ByteOrder, v uint32) []byte {
	b := make([]byte, 4)
	o.Binary().PutUint32(b, v)
	return b
}
