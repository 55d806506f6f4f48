package corpus

import (
	"bytes"
	"encoding/binary"
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/cilium/ebpf"
	"github.com/google/go-cmp/cmp"

	"github.com/lockstep-ebpf/lockstep/spec"
	"github.com/lockstep-ebpf/lockstep/vm"
	"github.com/lockstep-ebpf/lockstep/vm/hook"
)

// checkKernel has cilium/ebpf load the object into the kernel by itself: nothing
// of host/object takes part, so it shows what the object means.
func checkKernel(t *testing.T, program string, want []expected) {
	t.Helper()
	b, err := objects.ReadFile("programs/" + fileOf(program, hostOrder))
	if err != nil {
		t.Fatal(err)
	}
	s, err := ebpf.LoadCollectionSpecFromReader(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	pin(t) // our machines run a case on CPU 0
	coll, err := ebpf.NewCollection(s)
	var refused *ebpf.VerifierError
	switch {
	case errors.As(err, &refused):
		skipIfLacking(t, strings.Join(refused.Log, "\n"))
		t.Fatalf("the kernel's verifier refuses the program: %+v", refused)
	case errors.Is(err, os.ErrPermission), errors.Is(err, ebpf.ErrNotSupported):
		t.Skipf("bpf() is not permitted here: run as root on Linux (%v)", err)
	case err != nil:
		t.Fatal(err)
	}
	defer coll.Close()
	k := newUserSpace(t, coll)
	typ := hook.Type(s.Programs[program].Type)
	for _, w := range kernelTakes(t, typ, want) {
		if w.set != nil {
			k.write(t, w.set(hostOrder))
		}
		run := ebpf.RunOptions{Data: w.send(), DataOut: make([]byte, len(w.packet)+256), Repeat: 1}
		if typ == hook.SchedCLS {
			run.ContextOut = make([]byte, hook.Lookup(typ).Size)
		}
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
		if typ == hook.SchedCLS {
			compareMark(t, run.ContextOut.([]byte), w, hostOrder)
		}
		for name, entries := range w.maps(hostOrder) {
			if diff := difference(entries, k.read(t, name)); diff != "" {
				t.Errorf("%s: map %s (-want +got):\n%s", w.name, name, diff)
			}
		}
		if d, same := vm.Compare(&vm.Outcome{Events: w.effects(hostOrder, k.number)}, &vm.Outcome{Events: k.events(t)}, vm.ObsRecords); !same {
			t.Errorf("%s: want, got: %v", w.name, d)
		}
	}
}

// hostOrder is the byte order of the machine that runs the tests.
var hostOrder = map[uint16]spec.ByteOrder{1: spec.Little, 0x0100: spec.Big}[binary.NativeEndian.Uint16([]byte{1, 0})]

// kernelTakes is what comes before the first packet that net/bpf/test_run.c refuses:
// one without a whole Ethernet header or, in a socket buffer, IP header.
func kernelTakes(t *testing.T, typ hook.Type, want []expected) []expected {
	t.Helper()
	for i, w := range want {
		if p := w.send(); len(p) < 14 || typ == hook.SchedCLS && len(p) < 14+ipHeader(p) {
			t.Logf("%s, and %d packets after it: BPF_PROG_TEST_RUN takes none so short", w.name, len(want)-i-1)
			return want[:i]
		}
	}
	return want
}

// ipHeader is how long an IP header is at least, in a frame that says it has one.
func ipHeader(frame []byte) int {
	switch binary.BigEndian.Uint16(frame[12:]) {
	case 0x0800:
		return 20
	case 0x86dd:
		return 40
	}
	return 0
}
