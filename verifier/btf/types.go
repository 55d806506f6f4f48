package btf

import "slices"

// ID is the number of a type in a kernel's BTF. 0 is void, or none.
type ID uint32

// Kind is what a type is, typedefs and qualifiers taken off.
type Kind uint8

// Kinds of type.
const (
	Void Kind = iota
	Int
	Enum
	Float
	Pointer
	Array
	Struct
	Union
	Forward // declared, not defined
	Func
	Proto // a function's parameters and result
	Var
	Other
)

// Type is a type. Which fields are of use depends on the kind.
type Type struct {
	ID      ID
	Kind    Kind
	Name    string
	Size    uint32   // in bytes, if it has one
	Elem    ID       // of a Pointer, Array, Var: what it is of; of a Func: its Proto; of a Proto: the result
	Tags    []string // of a Pointer: type tags of what it points to ("user", "rcu", "percpu"); of a Func: declaration tags
	Count   uint32   // of an Array
	Members []Member // of a Struct or Union
	Params  []Param  // of a Proto
}

// Composite reports whether the type is a structure or a union.
func (t *Type) Composite() bool { return t.Kind == Struct || t.Kind == Union }

// Number reports whether a value of the type is a number to the verifier.
func (t *Type) Number() bool { return t.Kind == Int || t.Kind == Enum }

// Member is a member of a structure.
type Member struct {
	Name string
	Type ID
	Bit  uint32 // its offset in bits
	Bits uint32 // of a bit-field: how many
}

// Param is a parameter of a function of the kernel's.
type Param struct {
	Name string
	Type ID
	Tags []string
}

// Kernel is the types of a kernel.
type Kernel interface {
	// Type describes a type, or what it is a name or a qualified form of. It is nil if there
	// is none.
	Type(id ID) *Type
	// Find gives the number of a type by its kind and name, 0 if there is none.
	Find(kind Kind, name string) ID
	// Typedef gives what a typedef stands for, 0 if there is none of the name.
	Typedef(name string) ID
}

// Program is what is known of a program beside its instructions.
type Program struct {
	Attach    string // where: the tracepoint, function, iterator, LSM hook; of struct_ops "struct.member"
	Type      uint32 // what it is loaded for (enum bpf_attach_type); 0: as the case says
	Sleepable bool
	Funcs     []Function // in order of their slots; none: nothing is known
}

// FuncAt is the function that starts at a slot, or nil.
func (p *Program) FuncAt(slot int) *Function {
	if p == nil {
		return nil
	}
	for i := range p.Funcs {
		if p.Funcs[i].Slot == slot {
			return &p.Funcs[i]
		}
	}
	return nil
}

// Function is a function of an object, as the object's own BTF has it.
type Function struct {
	Slot   int
	Name   string
	Global bool // verified by itself, by its prototype
	Params []Parameter
	Void   bool // gives no result
	Number bool // the result is a number
}

// Parameter is a parameter of an object's function.
type Parameter struct {
	Name   string
	Kind   Kind     // Int, Enum, Pointer, …
	To     Kind     // of a Pointer
	ToName string   // of a pointer to a structure, or a typedef that means something ("bpf_user_pt_regs_t")
	ToSize uint32   // 0: not known
	Tags   []string // "ctx", "nonnull", "nullable", "trusted", "untrusted", "arena"
}

// Has reports whether the parameter has a tag.
func (p *Parameter) Has(tag string) bool {
	return slices.Contains(p.Tags, tag)
}
