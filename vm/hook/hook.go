package hook

import "fmt"

// Type is a program type, by its number in Linux's enum bpf_prog_type. Where Linux
// tells programs of a type apart by the place that they are for, that place is in
// the upper half: its number in enum bpf_attach_type.
type Type uint32

const attachShift = 16

// Of is the type of a program for Linux's numbers. A place that makes no difference
// here is left out.
func Of(prog, attach uint32) Type {
	t := Type(prog)
	if at := t | Type(attach)<<attachShift; Lookup(at) != nil || Lookup(t) == nil {
		return at
	}
	return t
}

// Prog is the number in enum bpf_prog_type.
func (t Type) Prog() uint32 { return uint32(t & (1<<attachShift - 1)) }

// Attach is the number in enum bpf_attach_type; 0 where it makes no difference.
func (t Type) Attach() uint32 { return uint32(t >> attachShift) }

// Names are the names of all types.
func Names() []string {
	var names []string
	for i := range types {
		names = append(names, types[i].Name)
	}
	return names
}

// Lookup describes a type, or nil if it is not simulated.
func Lookup(t Type) *Info {
	for i := range types {
		if types[i].Type == t {
			return &types[i]
		}
	}
	return nil
}

// ByName finds a type by its name.
func ByName(name string) (Type, bool) {
	for i := range types {
		if types[i].Name == name {
			return types[i].Type, true
		}
	}
	return 0, false
}

func (t Type) String() string {
	if i := Lookup(t); i != nil {
		return i.Name
	}
	if t.Attach() != 0 {
		return fmt.Sprintf("program type %d for attach type %d", t.Prog(), t.Attach())
	}
	return fmt.Sprintf("program type %d", uint32(t))
}
