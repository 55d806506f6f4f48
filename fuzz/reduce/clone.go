package reduce

import (
	"bytes"
	"slices"

	"github.com/lockstep-ebpf/lockstep/vm"
	"github.com/lockstep-ebpf/lockstep/vm/maps"
)

// Clone copies a case so that nothing is shared: generators may use theirs again.
func Clone(c *vm.Case) *vm.Case {
	d := *c
	d.Programs = slices.Clone(c.Programs)
	for i, p := range c.Programs {
		q := *p
		q.Insns = slices.Clone(p.Insns)
		d.Programs[i] = &q
	}
	d.Maps = slices.Clone(c.Maps)
	for i, s := range c.Maps {
		t := *s
		t.Entries = slices.Clone(s.Entries)
		for j, e := range t.Entries {
			t.Entries[j] = maps.Entry{Key: bytes.Clone(e.Key), Value: bytes.Clone(e.Value), Undef: slices.Clone(e.Undef)}
		}
		d.Maps[i] = &t
	}
	d.Inputs = slices.Clone(c.Inputs)
	for i, in := range d.Inputs {
		d.Inputs[i].Memory = bytes.Clone(in.Memory)
		d.Inputs[i].Packet = bytes.Clone(in.Packet)
		d.Inputs[i].Context = bytes.Clone(in.Context)
	}
	return &d
}
