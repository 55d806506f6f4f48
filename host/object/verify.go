package object

import (
	"fmt"
	"slices"

	"github.com/lockstep-ebpf/lockstep/verifier/btf"
	"github.com/lockstep-ebpf/lockstep/vm"
)

// CaseToVerify makes a case of a program for the verifier alone: it need not be of a type
// that can be run, its maps need not be simulated, and what it may reach by tail calls is
// not there.
func (o *Object) CaseToVerify(program string) (*vm.Case, *btf.Program, error) {
	p, err := o.Program(program)
	if err != nil {
		return nil, nil, err
	}
	if p.Unready != nil {
		return nil, nil, fmt.Errorf("%s: program %s (section %s): %w", o.label(), p.Name, p.Section, p.Unready)
	}
	q := p.Program
	q.Insns = slices.Clone(p.Insns)
	c := &vm.Case{Name: p.Name, Programs: []*vm.Program{&q}}
	var used []int
	for _, fd := range mapLoads(q.Insns) {
		if !slices.Contains(used, fd) {
			used = append(used, fd)
		}
	}
	slices.Sort(used)
	for pc, fd := range mapLoads(q.Insns) {
		q.Insns[pc].Imm = int32(slices.Index(used, fd))
	}
	for _, fd := range used {
		m := o.Maps[fd].Spec
		m.Entries = slices.Clone(o.Maps[fd].Entries)
		c.Maps = append(c.Maps, &m)
	}
	return c, p.Types, nil
}
