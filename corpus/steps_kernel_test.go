package corpus

import (
	"bytes"
	"encoding/binary"
	"errors"
	"os"
	"slices"
	"testing"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/ringbuf"
	"github.com/google/go-cmp/cmp"

	"github.com/lockstep-ebpf/lockstep/spec"
	"github.com/lockstep-ebpf/lockstep/vm"
	"github.com/lockstep-ebpf/lockstep/vm/maps"
)

// loadCollection has cilium/ebpf load an object of the corpus by itself.
func loadCollection(t *testing.T, name string) *ebpf.Collection {
	t.Helper()
	b, err := objects.ReadFile("programs/" + name + ".o")
	if err != nil {
		t.Fatal(err)
	}
	s, err := ebpf.LoadCollectionSpecFromReader(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	coll, err := ebpf.NewCollection(s)
	var refused *ebpf.VerifierError
	switch {
	case errors.As(err, &refused):
		t.Fatalf("the kernel's verifier refuses the program: %+v", refused)
	case (errors.Is(err, os.ErrPermission) || errors.Is(err, ebpf.ErrNotSupported)) && (os.Getenv("CI") != "true" || os.Getuid() != 0):
		t.Skipf("bpf() is not permitted here: run as root on Linux (%v)", err)
	case err != nil:
		t.Fatal(err)
	}
	t.Cleanup(coll.Close)
	return coll
}

// checkStepsKernel runs the steps on the kernel with nothing of ours but the table, so
// it shows what the object means.
func checkStepsKernel(t *testing.T, name string, steps []step) {
	t.Helper()
	t.Run("cilium", func(t *testing.T) {
		coll := loadCollection(t, name)
		rings := openRings(t, coll)
		steps := within(t, steps)
		for len(steps) > 0 {
			n := stretch(steps)
			if steps[0].set != nil {
				for name, entries := range steps[0].set(spec.Little) {
					for _, e := range entries {
						if err := coll.Maps[name].Put(e.Key, e.Value); err != nil {
							t.Fatalf("map %s: entry %x: %v", name, e.Key, err)
						}
					}
				}
			}
			for i := range steps[:n] {
				steps[i].runKernel(t, coll)
			}
			compareRecords(t, rings, steps[:n])
			steps = steps[n:]
		}
	})
}

// runKernel runs a step with BPF_PROG_TEST_RUN, and compares all but the records.
func (s *step) runKernel(t *testing.T, coll *ebpf.Collection) {
	t.Helper()
	p := coll.Programs[s.program]
	in := s.input(spec.Little)
	run := ebpf.RunOptions{}
	if in.Context != nil {
		run.Context = in.Context
	}
	const mac = 14 // a packet without one gets it, and the protocol from the context
	if in.Packet != nil {
		run.Data = append(make([]byte, mac), in.Packet...)
		copy(run.Data[mac-2:], in.Context[16:18])
		run.DataOut = make([]byte, len(run.Data)+256)
		run.Context = skbSettable(in.Context)
	}
	if p.Type() != ebpf.RawTracepoint {
		run.ContextOut = make([]byte, len(in.Context))
	}
	r0, err := p.Run(&run)
	if err != nil {
		t.Fatalf("%s: BPF_PROG_TEST_RUN: %v", s.name, err)
	}
	if uint64(r0) != s.r0 {
		t.Errorf("%s: r0 is %d, want %d", s.name, r0, s.r0)
	}
	if in.Packet != nil && !bytes.Equal(run.DataOut[mac:], s.packetAfter()) {
		t.Errorf("%s: the packet is %x, want %x", s.name, run.DataOut[mac:], s.packetAfter())
	}
	if s.fields != nil {
		for off, want := range s.fields(spec.Little) {
			if got := run.ContextOut.([]byte)[off:][:len(want)]; !bytes.Equal(got, want) {
				t.Errorf("%s: the context from byte %d on is %x, want %x", s.name, off, got, want)
			}
		}
	}
	for name, want := range s.maps(spec.Little) {
		m := coll.Maps[name]
		if m.Type() == ebpf.PerCPUArray {
			want = sumCPUs(want)
		}
		if m.Type() == ebpf.Queue || m.Type() == ebpf.Stack {
			continue // to read is to remove; the other targets look
		}
		if diff := differ(want, contentsOf(t, m)); diff != "" {
			t.Errorf("%s: map %s (-want +got):\n%s", s.name, name, diff)
		}
	}
}

// skbSettable is a struct __sk_buff without the protocol, which test run takes from
// the packet.
func skbSettable(ctx []byte) []byte {
	ctx = bytes.Clone(ctx)
	clear(ctx[16:20])
	return ctx
}

// sumCPUs adds up the values of a key: the kernel runs programs on any CPU.
func sumCPUs(all []maps.Entry) []maps.Entry {
	all = slices.Clone(all)
	for i, e := range all {
		var sum uint64
		for at := 0; at < len(e.Value); at += 8 {
			sum += binary.NativeEndian.Uint64(e.Value[at:])
		}
		all[i].Value = binary.NativeEndian.AppendUint64(nil, sum)
	}
	return all
}

// contentsOf reads a map; of a per-CPU map the sums.
func contentsOf(t *testing.T, m *ebpf.Map) (all []maps.Entry) {
	t.Helper()
	var key, value []byte
	var values []uint64
	it := m.Iterate()
	if m.Type() == ebpf.PerCPUArray {
		for it.Next(&key, &values) {
			all = append(all, entry(bytes.Clone(key), numbers(spec.Little, values...)))
		}
		all = sumCPUs(all)
	} else {
		for it.Next(&key, &value) {
			all = append(all, entry(bytes.Clone(key), bytes.Clone(value)))
		}
	}
	if err := it.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}

func openRings(t *testing.T, coll *ebpf.Collection) (rings []*ringbuf.Reader) {
	t.Helper()
	for _, m := range coll.Maps {
		if m.Type() != ebpf.RingBuf {
			continue
		}
		r, err := ringbuf.NewReader(m)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { r.Close() })
		rings = append(rings, r)
	}
	return rings
}

// compareRecords empties the ring buffers: a case begins with empty ones.
func compareRecords(t *testing.T, rings []*ringbuf.Reader, steps []step) {
	t.Helper()
	var want, got [][]byte
	for _, s := range steps {
		if s.events == nil {
			continue
		}
		for _, e := range s.events(spec.Little) {
			if e.Kind == vm.RingRecord {
				want = append(want, e.Data)
			}
		}
	}
	for _, r := range rings {
		if err := r.Flush(); err != nil {
			t.Fatal(err)
		}
		for {
			rec, err := r.Read()
			if errors.Is(err, ringbuf.ErrFlushed) {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, rec.RawSample)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s and the steps up to %s: records (-want +got):\n%s", steps[0].name, steps[len(steps)-1].name, diff)
	}
}
