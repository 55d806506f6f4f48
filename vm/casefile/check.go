package casefile

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"github.com/lockstep-ebpf/lockstep/vm"
)

// Check compares an outcome with what was expected, in what a target can show. The
// error names the first thing that differs, wanted before found.
func (e *Expect) Check(o *vm.Outcome, obs vm.Observable) error {
	if o.Kind != e.Kind {
		return fmt.Errorf("kind: want %s, got %s", e.Kind, describe(o))
	}
	if e.Message != "" && !strings.Contains(o.Reason, e.Message) {
		return fmt.Errorf("message: want %q in %q", e.Message, o.Reason)
	}
	if e.Fault != nil && obs&vm.ObsFault != 0 {
		if err := e.Fault.check(&o.Fault); err != nil {
			return err
		}
	}
	if err := e.checkR0(o, obs); err != nil {
		return err
	}
	if e.Steps != nil && obs&vm.ObsSteps != 0 && *e.Steps != o.Steps {
		return fmt.Errorf("steps: want %d, got %d", *e.Steps, o.Steps)
	}
	for _, x := range []struct {
		name string
		obs  vm.Observable
		want []byte
		got  vm.Blob
	}{
		{"memory", vm.ObsMemory, e.Memory, o.Memory},
		{"packet", vm.ObsPacket, e.Packet, o.Packet},
		{"ctx", vm.ObsContext, e.Context, o.Context},
	} {
		if x.want != nil && obs&x.obs != 0 && !bytes.Equal(x.want, x.got.Data) {
			return fmt.Errorf("%s: want %x, got %x", x.name, x.want, x.got.Data)
		}
	}
	if obs&vm.ObsMaps != 0 {
		for i := range e.Maps {
			if err := e.Maps[i].check(o); err != nil {
				return err
			}
		}
	}
	if e.Trace != nil && obs&vm.ObsTrace != 0 && !slices.Equal(e.Trace, o.Trace) {
		return fmt.Errorf("trace: want %q, got %q", e.Trace, o.Trace)
	}
	return nil
}

func describe(o *vm.Outcome) string {
	switch {
	case o.Kind == vm.Faulted:
		return o.Fault.String()
	case o.Reason != "":
		return fmt.Sprintf("%s (%s)", o.Kind, o.Reason)
	}
	return o.Kind.String()
}

func (e *Expect) checkR0(o *vm.Outcome, obs vm.Observable) error {
	mask := uint64(0)
	switch {
	case obs&vm.ObsR0 != 0:
		mask = ^mask
	case obs&vm.ObsR0Low32 != 0:
		mask = 0xffff_ffff
	}
	switch {
	case e.R0 == nil || mask == 0:
	case o.Undef&1 != 0:
		return fmt.Errorf("r0: want %#x, but its value is undefined (%#x here)", *e.R0, o.R0)
	case (*e.R0^o.R0)&mask != 0:
		return fmt.Errorf("r0: want %#x, got %#x", *e.R0&mask, o.R0&mask)
	}
	return nil
}

func (f *Fault) check(o *vm.Fault) error {
	if f.Kind != o.Kind || f.Prog != nil && *f.Prog != o.Prog || f.PC != nil && *f.PC != o.PC || f.Addr != nil && *f.Addr != o.Addr {
		return fmt.Errorf("fault: want %s, got %s", f, o)
	}
	return nil
}

func (el *Element) check(o *vm.Outcome) error {
	if el.Map >= len(o.Maps) {
		return fmt.Errorf("map %d: the outcome has %d maps", el.Map, len(o.Maps))
	}
	for _, have := range o.Maps[el.Map] {
		if !bytes.Equal(have.Key, el.Key) {
			continue
		}
		if el.Absent {
			return fmt.Errorf("map %d key %x: want nothing, got %x", el.Map, el.Key, have.Value)
		}
		if !bytes.Equal(have.Value, el.Value) {
			return fmt.Errorf("map %d key %x: want %x, got %x", el.Map, el.Key, el.Value, have.Value)
		}
		return nil
	}
	if !el.Absent {
		return fmt.Errorf("map %d key %x: want %x, got nothing", el.Map, el.Key, el.Value)
	}
	return nil
}
