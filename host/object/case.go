package object

import (
	"errors"
	"fmt"
	"slices"

	"github.com/lockstep-ebpf/lockstep/spec"
	"github.com/lockstep-ebpf/lockstep/vm"
	"github.com/lockstep-ebpf/lockstep/vm/hook"
	"github.com/lockstep-ebpf/lockstep/vm/maps"
)

// Case makes a program runnable. It comes first; the programs that it may reach by
// tail calls follow. The maps are copies of those that these programs refer to, in
// the object's order: what nothing refers to need not be simulated.
func (o *Object) Case(program string, inputs ...vm.Input) (*vm.Case, error) {
	main, err := o.Program(program)
	if err != nil {
		return nil, err
	}
	c, err := o.Together(main)
	if err != nil {
		return nil, err
	}
	c.Inputs = inputs
	return c, nil
}

// Together is a Case of several programs that share the object's maps: they come first, in
// order, and then what they may reach by tail calls. The first is the one that runs.
func (o *Object) Together(mains ...*Program) (*vm.Case, error) {
	programs, used, err := o.reach(mains)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", o.label(), err)
	}
	c := &vm.Case{Name: mains[0].Name}
	for _, p := range programs {
		q := p.Program
		q.Insns = slices.Clone(p.Insns)
		for pc, fd := range mapLoads(q.Insns) {
			q.Insns[pc].Imm = int32(slices.Index(used, fd))
		}
		c.Programs = append(c.Programs, &q)
	}
	for _, fd := range used {
		m := o.Maps[fd]
		s := m.Spec
		s.Entries = slices.Clone(m.Entries)
		for _, slot := range m.slots() {
			name := m.Programs[slot]
			if m.Type == maps.ProgArray {
				number := slices.IndexFunc(programs, func(p *Program) bool { return p.Name == name })
				s.Entries = append(s.Entries, progEntry(slot, uint32(number)))
				continue
			}
			number := slices.IndexFunc(used, func(fd int) bool { return o.Maps[fd].Name == name })
			s.Entries = append(s.Entries, innerEntry(o.Order, slot, uint32(number)))
		}
		c.Maps = append(c.Maps, &s)
	}
	return c, nil
}

// reach finds the programs that runs of mains may enter, mains first, and the
// indices of the maps that they refer to, ascending. All of them can be simulated.
func (o *Object) reach(mains []*Program) (programs []*Program, used []int, err error) {
	programs = slices.Clone(mains)
	for n := 0; n < len(programs); n++ {
		p := programs[n]
		if err := p.runnable(); err != nil {
			return nil, nil, fmt.Errorf("program %s (section %s): %w", p.Name, p.Section, err)
		}
		for pc, fd := range mapLoads(p.Insns) {
			if slices.Contains(used, fd) {
				continue
			}
			used = append(used, fd)
			m := o.Maps[fd]
			if err := m.runnable(); err != nil {
				return nil, nil, fmt.Errorf("program %s, insn %d: map %s: %w", p.Name, pc, m.Name, err)
			}
			if m.Type.Objects() && m.Type != maps.ProgArray {
				if used, err = o.inner(m, used); err != nil {
					return nil, nil, err
				}
				continue
			}
			for _, slot := range m.slots() {
				name := m.Programs[slot]
				at := slices.IndexFunc(o.Programs, func(p *Program) bool { return p.Name == name })
				if at < 0 {
					return nil, nil, fmt.Errorf("map %s, slot %d: the object has no program %q", m.Name, slot, name)
				}
				next := o.Programs[at]
				if !slices.Contains(programs, next) {
					programs = append(programs, next)
				}
			}
		}
	}
	slices.Sort(used)
	return programs, used, nil
}

// inner adds the maps that the object puts into a map of maps.
func (o *Object) inner(m *Map, used []int) ([]int, error) {
	for _, slot := range m.slots() {
		name := m.Programs[slot]
		fd := slices.IndexFunc(o.Maps, func(m *Map) bool { return m.Name == name })
		if fd < 0 {
			return nil, fmt.Errorf("map %s, slot %d: the object has no map %q", m.Name, slot, name)
		}
		if err := o.Maps[fd].runnable(); err != nil {
			return nil, fmt.Errorf("map %s, slot %d: map %s: %w", m.Name, slot, name, err)
		}
		if !slices.Contains(used, fd) {
			used = append(used, fd)
		}
	}
	return used, nil
}

// mapLoads gives the slots of instructions that refer to a map, and its index.
func mapLoads(insns []spec.Insn) func(yield func(pc, fd int) bool) {
	return func(yield func(pc, fd int) bool) {
		for pc, i := range insns {
			if i.Op == spec.LDDW && (i.Src == spec.LDDWMapFD || i.Src == spec.LDDWMapValue) && !yield(pc, int(i.Imm)) {
				return
			}
		}
	}
}

// sections are the names that say a type which is simulated.
const sections = "xdp, tc, socket, cgroup…, sk_…, sockops, lwt_…, flow_dissector, kprobe, tp, raw_tp, fentry, lsm, perf_event or syscall"

func (p *Program) runnable() error {
	switch {
	case p.Unready != nil:
		return p.Unready
	case p.Type == hook.Unspec:
		return errors.New("the section's name says no program type; name it " + sections)
	case hook.Lookup(p.Type) == nil:
		return &vm.Unsupported{What: fmt.Sprintf("%s, by the section's name; simulated are %s", p.Type, sections)}
	}
	return nil
}

func (m *Map) runnable() error {
	switch {
	case m.Unready != nil:
		return m.Unready
	case !m.Type.Simulated():
		return &vm.Unsupported{What: fmt.Sprintf("%s is not simulated", m.Type)}
	case len(m.Programs) > 0 && m.Type != maps.ProgArray && m.Type != maps.ArrayOfMaps && m.Type != maps.HashOfMaps:
		return fmt.Errorf("%s with the initial contents of a prog_array", m.Type)
	}
	return nil
}
