package object

import (
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/lockstep-ebpf/lockstep/spec"
	"github.com/lockstep-ebpf/lockstep/vm"
	"github.com/lockstep-ebpf/lockstep/vm/hook"
	"github.com/lockstep-ebpf/lockstep/vm/maps"
)

// Object is what an ELF file holds. Programs and Maps are in order of their names,
// because an ELF file says nothing of another order.
type Object struct {
	Name     string // for errors: the file's path, or what the caller sets
	Order    spec.ByteOrder
	License  string
	Programs []*Program
	Maps     []*Map
}

// Program is a program of an object.
//
// Its instructions are linked: subprograms stand behind it, calls and callbacks
// reach them, and the Imm of an LDDW of a map is an index into the Object's Maps.
type Program struct {
	vm.Program
	Section string
	Unready error // why the instructions are not complete, or nil
}

// Map is a map of an object. Its type may be one that is not simulated.
type Map struct {
	maps.Spec
	Programs map[uint32]string // prog_array: what the object puts into it
	Unready  error             // why the Spec does not say all, or nil
}

// Open reads the object in a file.
func Open(path string) (*Object, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	o, err := Read(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	o.Name = path
	return o, nil
}

// Program finds a program by its name. An empty name means the only one.
func (o *Object) Program(name string) (*Program, error) {
	if name == "" && len(o.Programs) == 1 {
		return o.Programs[0], nil
	}
	names := make([]string, len(o.Programs))
	for i, p := range o.Programs {
		if p.Name == name {
			return p, nil
		}
		names[i] = p.Name
	}
	has := "has no program"
	if len(names) > 0 {
		has = "has " + strings.Join(names, ", ")
	}
	if name == "" {
		return nil, fmt.Errorf("%s: name one of the programs: the object %s", o.label(), has)
	}
	return nil, fmt.Errorf("%s: there is no program %q: the object %s", o.label(), name, has)
}

// Map finds a map by its name, or nil.
func (o *Object) Map(name string) *Map {
	for _, m := range o.Maps {
		if m.Name == name {
			return m
		}
	}
	return nil
}

// Case makes a program runnable: it comes first, the programs that its object's
// prog_arrays name follow. The maps are copies, the Case's Maps[i] is Maps[i] here.
func (o *Object) Case(program string, inputs ...vm.Input) (*vm.Case, error) {
	main, err := o.Program(program)
	if err != nil {
		return nil, err
	}
	c := &vm.Case{Name: main.Name, Inputs: inputs}
	add := func(p *Program) (number int, err error) {
		if i := slices.Index(c.Programs, &p.Program); i >= 0 {
			return i, nil
		}
		if err := p.runnable(); err != nil {
			return 0, fmt.Errorf("%s: program %s (section %s): %w", o.label(), p.Name, p.Section, err)
		}
		c.Programs = append(c.Programs, &p.Program)
		return len(c.Programs) - 1, nil
	}
	if _, err := add(main); err != nil {
		return nil, err
	}
	for _, m := range o.Maps {
		if err := m.runnable(); err != nil {
			return nil, fmt.Errorf("%s: map %s: %w", o.label(), m.Name, err)
		}
		s := m.Spec
		s.Entries = slices.Clone(m.Entries)
		for slot, name := range m.slots() {
			p, err := o.Program(name)
			if err != nil {
				return nil, fmt.Errorf("map %s, slot %d: %w", m.Name, slot, err)
			}
			number, err := add(p)
			if err != nil {
				return nil, err
			}
			s.Entries = append(s.Entries, progEntry(slot, uint32(number)))
		}
		c.Maps = append(c.Maps, &s)
	}
	return c, nil
}

func (o *Object) label() string {
	if o.Name == "" {
		return "object"
	}
	return o.Name
}

func (p *Program) runnable() error {
	if p.Unready != nil {
		return p.Unready
	}
	if p.Type == hook.Unspec {
		return fmt.Errorf("the section's name says no program type; name it xdp, tc, socket or syscall")
	}
	if hook.Lookup(p.Type) == nil {
		return &vm.Unsupported{What: fmt.Sprintf("%s, by the section's name; xdp, tc, socket and syscall are simulated", p.Type)}
	}
	return nil
}

func (m *Map) runnable() error {
	if m.Unready != nil {
		return m.Unready
	}
	if !m.Type.Simulated() {
		return &vm.Unsupported{What: fmt.Sprintf("%s; hash, array and prog_array are simulated", m.Type)}
	}
	return nil
}
