package corpus

import (
	"bytes"
	"errors"
	"os"
	"testing"

	"github.com/cilium/ebpf"
	"github.com/google/go-cmp/cmp"

	"github.com/lockstep-ebpf/lockstep/spec"
	"github.com/lockstep-ebpf/lockstep/vm/maps"
)

// checkKernel has cilium/ebpf load the object into the kernel by itself: nothing
// of host/object takes part, so it shows what the object means.
func checkKernel(t *testing.T, program string, want []expected) {
	t.Helper()
	b, err := objects.ReadFile("programs/" + program + ".o")
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
	case errors.Is(err, os.ErrPermission), errors.Is(err, ebpf.ErrNotSupported):
		t.Skipf("bpf() is not permitted here: run as root on Linux (%v)", err)
	case err != nil:
		t.Fatal(err)
	}
	defer coll.Close()
	for _, w := range kernelTakes(t, want) {
		if w.set != nil {
			for name, entries := range w.set(spec.Little) {
				put(t, coll.Maps[name], entries)
			}
		}
		run := ebpf.RunOptions{Data: w.send(), DataOut: make([]byte, len(w.packet)+256), Repeat: 1}
		r0, err := coll.Programs[program].Run(&run)
		if err != nil {
			t.Fatalf("%s: BPF_PROG_TEST_RUN: %v", w.name, err)
		}
		if uint64(r0) != w.r0 {
			t.Errorf("%s: r0 is %d, want %d", w.name, r0, w.r0)
		}
		if !bytes.Equal(run.DataOut, w.packet) {
			t.Errorf("%s: the packet (-want +got):\n%s", w.name, cmp.Diff(w.packet, run.DataOut))
		}
		for name, entries := range w.maps(spec.Little) {
			if diff := cmp.Diff(byKey(entries), byKey(dump(t, coll.Maps[name]))); diff != "" {
				t.Errorf("%s: map %s (-want +got):\n%s", w.name, name, diff)
			}
		}
	}
}

// kernelTakes is what comes before the first packet that net/bpf/test_run.c refuses:
// one without a whole Ethernet header or, in a socket buffer, IPv4 header.
func kernelTakes(t *testing.T, want []expected) []expected {
	t.Helper()
	for i, w := range want {
		if n := len(w.send()); n < 14 || n == 14+19 {
			t.Logf("%s, and %d packets after it: BPF_PROG_TEST_RUN takes none so short", w.name, len(want)-i-1)
			return want[:i]
		}
	}
	return want
}

func put(t *testing.T, m *ebpf.Map, entries []maps.Entry) {
	t.Helper()
	for _, e := range entries {
		if err := m.Put(e.Key, e.Value); err != nil {
			t.Fatal(err)
		}
	}
}

func dump(t *testing.T, m *ebpf.Map) []maps.Entry {
	t.Helper()
	var all []maps.Entry
	var key, value []byte
	for it := m.Iterate(); it.Next(&key, &value); {
		all = append(all, maps.Entry{Key: bytes.Clone(key), Value: bytes.Clone(value)})
	}
	return all
}
