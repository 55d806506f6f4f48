package plugin

import (
	"encoding/json"
	"fmt"

	"github.com/lockstep-ebpf/lockstep/vm"
	"github.com/lockstep-ebpf/lockstep/vm/maps"
)

// RunOf shows of an outcome what is in want.
func RunOf(o *vm.Outcome, want vm.Observable) Run {
	r := Run{Kind: o.Kind.String(), Reason: o.Reason, Tainted: o.Tainted}
	if o.Kind > vm.FuelSpent {
		return r
	}
	undef := &Undef{}
	if o.Kind == vm.Exit && want&(vm.ObsR0|vm.ObsR0Low32) != 0 {
		v := U64(o.R0)
		if want&vm.ObsR0 == 0 {
			v &= 0xffff_ffff
		}
		r.R0 = &v
	}
	if o.Kind == vm.Exit && want&vm.ObsRegs != 0 {
		for _, v := range o.Regs {
			r.Regs = append(r.Regs, U64(v))
		}
	}
	for i := range o.Regs {
		if o.Undef>>i&1 != 0 && (len(r.Regs) > 0 || i == 0 && r.R0 != nil) {
			undef.Regs = append(undef.Regs, i)
		}
	}
	for _, x := range []struct {
		obs  vm.Observable
		blob *vm.Blob
		to   *Hex
		mask *Hex
	}{
		{vm.ObsMemory, &o.Memory, &r.Memory, &undef.Memory},
		{vm.ObsPacket, &o.Packet, &r.Packet, &undef.Packet},
		{vm.ObsContext, &o.Context, &r.Ctx, &undef.Ctx},
	} {
		if want&x.obs != 0 {
			*x.to, *x.mask = append(Hex{}, x.blob.Data...), maskOf(x.blob.Undef)
		}
	}
	if want&vm.ObsMaps != 0 {
		r.Maps = make([][]Element, len(o.Maps))
		for i, entries := range o.Maps {
			r.Maps[i] = []Element{}
			for _, e := range entries {
				r.Maps[i] = append(r.Maps[i], Element{e.Key, e.Value, maskOf(e.Undef)})
			}
		}
	}
	if want&vm.ObsSteps != 0 {
		steps := o.Steps
		r.Steps = &steps
	}
	if want&vm.ObsTrace != 0 {
		r.Trace = append([]string(nil), o.Trace...)
	}
	if want&vm.ObsEvents != 0 {
		for _, e := range o.Events {
			r.Events = append(r.Events, Event{e.Kind.String(), e.Map, e.Index, U64(e.Flags), append(Hex{}, e.Data...), maskOf(e.Undef)})
		}
	}
	if o.Kind == vm.Faulted && want&vm.ObsFault != 0 {
		r.Fault = &Fault{o.Fault.Kind.String(), o.Fault.Prog, o.Fault.PC, U64(o.Fault.Addr)}
	}
	if len(undef.Regs)+len(undef.Memory)+len(undef.Packet)+len(undef.Ctx) > 0 {
		r.Undef = undef
	}
	return r
}

// maskOf is ff for every undefined byte; nil if all are defined.
func maskOf(undef []bool) Hex {
	if undef == nil {
		return nil
	}
	h := make(Hex, len(undef))
	for i, u := range undef {
		if u {
			h[i] = 0xff
		}
	}
	return h
}

func boolsOf(mask Hex) []bool {
	if len(mask) == 0 {
		return nil
	}
	u := make([]bool, len(mask))
	for i, m := range mask {
		u[i] = m != 0
	}
	return u
}

// Outcome is the inverse of RunOf. An error says what of the run makes no sense.
func (r *Run) Outcome(o *vm.Outcome) error {
	*o = vm.Outcome{}
	o.Reason, o.Tainted, o.Trace = r.Reason, r.Tainted, r.Trace
	if r.Kind != "" {
		var ok bool
		if o.Kind, ok = vm.KindByName(r.Kind); !ok {
			return fmt.Errorf("unknown kind %q", r.Kind)
		}
	}
	if r.R0 != nil {
		o.R0 = uint64(*r.R0)
	}
	if len(r.Regs) > len(o.Regs) {
		return fmt.Errorf("%d registers: there are %d", len(r.Regs), len(o.Regs))
	}
	for i, v := range r.Regs {
		o.Regs[i] = uint64(v)
	}
	u := Undef{}
	if r.Undef != nil {
		u = *r.Undef
	}
	for _, i := range u.Regs {
		if i < 0 || i >= len(o.Regs) {
			return fmt.Errorf("undefined register %d: there are %d", i, len(o.Regs))
		}
		o.Undef |= 1 << i
	}
	for _, x := range []struct {
		name string
		from Hex
		mask Hex
		to   *vm.Blob
	}{{"memory", r.Memory, u.Memory, &o.Memory}, {"packet", r.Packet, u.Packet, &o.Packet}, {"ctx", r.Ctx, u.Ctx, &o.Context}} {
		if x.from != nil {
			*x.to = vm.Blob{Data: x.from, Undef: boolsOf(x.mask)}
		}
		if len(x.mask) != 0 && len(x.mask) != len(x.to.Data) {
			return fmt.Errorf("%s: the mask of undefined bytes has %d bytes, want %d", x.name, len(x.mask), len(x.to.Data))
		}
	}
	for _, e := range r.Events {
		kind, ok := vm.EventKindByName(e.Kind)
		if !ok {
			return fmt.Errorf("unknown kind of event %q", e.Kind)
		}
		if len(e.Undef) != 0 && len(e.Undef) != len(e.Data) {
			return fmt.Errorf("%s event: the mask of undefined bytes has %d bytes, want %d", e.Kind, len(e.Undef), len(e.Data))
		}
		o.Events = append(o.Events, vm.Event{Kind: kind, Map: e.Map, Index: e.Index, Flags: uint64(e.Flags), Data: e.Data, Undef: boolsOf(e.Undef)})
	}
	for _, m := range r.Maps {
		var entries []maps.Entry
		for _, e := range m {
			if len(e.Undef) != 0 && len(e.Undef) != len(e.Value) {
				return fmt.Errorf("key %x: the mask of undefined bytes has %d bytes, want %d", []byte(e.Key), len(e.Undef), len(e.Value))
			}
			entries = append(entries, maps.Entry{Key: e.Key, Value: e.Value, Undef: boolsOf(e.Undef)})
		}
		o.Maps = append(o.Maps, entries)
	}
	if r.Steps != nil {
		o.Steps = *r.Steps
	}
	if r.Fault != nil {
		kind, ok := vm.FaultByName(r.Fault.Kind)
		if !ok {
			return fmt.Errorf("unknown kind of fault %q", r.Fault.Kind)
		}
		o.Fault = vm.Fault{Kind: kind, Prog: r.Fault.Prog, PC: r.Fault.PC, Addr: uint64(r.Fault.Addr)}
	}
	return nil
}

// Outcomes reads a reply to a request for c.
func (r *Reply) Outcomes(c *vm.Case) ([]vm.Outcome, error) {
	switch {
	case r.Rejected != nil:
		return c.Every(vm.Result{Kind: vm.LoadRejected, Reason: *r.Rejected}), nil
	case r.Unsupported != nil:
		return c.Every(vm.Result{Kind: vm.LoadUnsupported, Reason: *r.Unsupported}), nil
	case r.Error != nil:
		return c.Every(vm.Result{Kind: vm.LoadUnsupported, Reason: "the server says: " + *r.Error}), nil
	}
	runs := r.Runs
	if runs == nil && r.Run != nil {
		runs = []Run{*r.Run}
	}
	if len(runs) != len(c.Inputs) {
		return nil, fmt.Errorf("the reply has %d runs, want %d", len(runs), len(c.Inputs))
	}
	out := make([]vm.Outcome, len(runs))
	for i := range runs {
		if err := runs[i].Outcome(&out[i]); err != nil {
			return nil, fmt.Errorf("run %d: %w", i, err)
		}
	}
	return out, nil
}

// ParseReply reads a line of a server. Fields that are not known are passed over:
// the server may be newer.
func ParseReply(line []byte) (*Reply, error) {
	r := &Reply{}
	if err := json.Unmarshal(line, r); err != nil {
		return nil, fmt.Errorf("not a reply: %w", err)
	}
	return r, nil
}
