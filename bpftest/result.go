package bpftest

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/lockstep-ebpf/lockstep/vm"
)

// Result is what came of a run.
type Result struct {
	vm.Outcome
	o       *Object
	t       testing.TB
	program string
}

// Returns fails the test unless the lower half of r0 is this. It is what hooks look at.
func (r *Result) Returns(want int32) *Result {
	r.t.Helper()
	if int32(r.R0) != want {
		r.fail("returned %d, want %d", int32(r.R0), want)
	}
	return r
}

// PacketIs fails the test unless the packet is now this.
func (r *Result) PacketIs(want []byte) *Result {
	r.t.Helper()
	if !bytes.Equal(r.Outcome.Packet.Data, want) {
		at := 0
		for at < min(len(want), len(r.Outcome.Packet.Data)) && want[at] == r.Outcome.Packet.Data[at] {
			at++
		}
		r.fail("the packet is\n\t%x, want\n\t%x: they differ from byte %d", r.Outcome.Packet.Data, want, at)
	}
	return r
}

// Printed fails the test unless the program printed these lines.
func (r *Result) Printed(want ...string) *Result {
	r.t.Helper()
	if !slices.Equal(r.Trace, want) {
		r.fail("printed %q, want %q", r.Trace, want)
	}
	return r
}

// Records are what the program put into a ring buffer, or sent to user space through a perf
// event array, by the map's name.
func (r *Result) Records(name string) (all [][]byte) {
	r.t.Helper()
	fd, ok := r.o.maps[name]
	if !ok {
		r.t.Fatalf("bpftest: there is no map %q", name)
	}
	for _, e := range r.Events {
		if (e.Kind == vm.RingRecord || e.Kind == vm.PerfSample) && e.Map == fd {
			all = append(all, e.Data)
		}
	}
	return all
}

// Record decodes the only record of a map into a pointer.
func (r *Result) Record(name string, value any) *Result {
	r.t.Helper()
	all := r.Records(name)
	if len(all) != 1 {
		r.fail("%d records in %s, want 1", len(all), name)
		return r
	}
	if _, err := binary.Decode(all[0], r.o.object.Order.Binary(), value); err != nil {
		r.t.Fatalf("bpftest: a record of %s into %T: %v", name, value, err)
	}
	return r
}

// RedirectedTo fails the test unless the last redirection was to this device, or for maps to
// this key.
func (r *Result) RedirectedTo(index uint64) *Result {
	r.t.Helper()
	at := -1
	for i, e := range r.Events {
		if e.Kind == vm.Redirect {
			at = i
		}
	}
	switch {
	case at < 0:
		r.fail("no redirection, want one to %d", index)
	case r.Events[at].Index != index:
		r.fail("redirected to %d, want %d", r.Events[at].Index, index)
	}
	return r
}

func (r *Result) fail(format string, args ...any) {
	r.t.Helper()
	r.t.Errorf("program %s %s%s", r.program, fmt.Sprintf(format, args...), r.story())
}

// ended says how a run ended that did not return.
func (r *Result) ended() string {
	switch r.Kind {
	case vm.Faulted:
		return r.Fault.String()
	case vm.FuelSpent:
		return fmt.Sprintf("no end after %d instructions", r.Steps)
	}
	return fmt.Sprintf("%s: %s", r.Kind, r.Reason)
}

// story is what a message has behind it: what was printed, and the last instructions.
func (r *Result) story() string {
	var b strings.Builder
	for _, line := range r.Trace {
		fmt.Fprintf(&b, "\n\tprinted: %s", line)
	}
	for _, e := range r.Events {
		fmt.Fprintf(&b, "\n\tevent: %s", e.String())
	}
	b.WriteString(r.o.trail.String())
	return b.String()
}
