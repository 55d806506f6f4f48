package object

import (
	"fmt"
	"os"
	"strings"

	"github.com/lockstep-ebpf/lockstep/host/kernelbtf"
	"github.com/lockstep-ebpf/lockstep/spec"
	"github.com/lockstep-ebpf/lockstep/verifier/btf"
	"github.com/lockstep-ebpf/lockstep/vm"
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
	// Variables are the global variables that the object's BTF knows, by name.
	Variables map[string]Variable
}

// Variable is a global variable: bytes of the one value of a map.
type Variable struct {
	Map       string // .data, .bss, .rodata or a section of another name
	Off, Size uint32
}

// Program is a program of an object.
//
// Its instructions are linked: subprograms stand behind it, calls and callbacks
// reach them, and the Imm of an LDDW of a map is an index into the Object's Maps.
type Program struct {
	vm.Program
	Section string
	Unready error        // why the instructions are not complete, or nil
	Types   *btf.Program // where it attaches, the prototypes of its functions
}

// Map is a map of an object. Its type may be one that is not simulated.
type Map struct {
	maps.Spec
	Programs map[uint32]string // prog_array, map of maps: names of what the object puts into it
	Unready  error             // why the Spec does not say all, or nil
}

// Open reads the object in a file.
func Open(path string) (*Object, error) { return OpenFor(path, nil) }

// OpenFor reads the object in a file for a kernel (see [ReadFor]).
func OpenFor(path string, k *kernelbtf.Kernel) (*Object, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	o, err := ReadFor(f, k)
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

func (o *Object) label() string {
	if o.Name == "" {
		return "object"
	}
	return o.Name
}
