package kernelbtf

import (
	cilium "github.com/cilium/ebpf/btf"

	"github.com/lockstep-ebpf/lockstep/verifier/btf"
)

var _ btf.Kernel = (*Kernel)(nil)

// Type describes a type.
func (k *Kernel) Type(id btf.ID) *btf.Type {
	k.mu.Lock()
	defer k.mu.Unlock()
	if t, ok := k.types[id]; ok {
		return t
	}
	t := k.convert(id)
	k.types[id] = t
	if t != nil && t.ID != id {
		if same := k.types[t.ID]; same != nil {
			k.types[id] = same
			return same
		}
		k.types[t.ID] = t
	}
	return t
}

// Find gives a type's number.
func (k *Kernel) Find(kind btf.Kind, name string) btf.ID {
	k.mu.Lock()
	defer k.mu.Unlock()
	key := named{kind, name}
	if id, ok := k.names[key]; ok {
		return id
	}
	id := btf.ID(0)
	all, _ := k.Spec.AnyTypesByName(name)
	for _, t := range all {
		if kindOf(t) == kind && id == 0 {
			id = k.id(t)
		}
	}
	k.names[key] = id
	return id
}

// Typedef gives what a typedef stands for.
func (k *Kernel) Typedef(name string) btf.ID {
	var t *cilium.Typedef
	if k.Spec.TypeByName(name, &t) != nil {
		return 0
	}
	return k.id(t.Type)
}

func (k *Kernel) id(t cilium.Type) btf.ID {
	id, err := k.Spec.TypeID(t)
	if err != nil {
		return 0
	}
	return btf.ID(id)
}

func kindOf(t cilium.Type) btf.Kind {
	switch t.(type) {
	case *cilium.Void:
		return btf.Void
	case *cilium.Int:
		return btf.Int
	case *cilium.Enum:
		return btf.Enum
	case *cilium.Float:
		return btf.Float
	case *cilium.Pointer:
		return btf.Pointer
	case *cilium.Array:
		return btf.Array
	case *cilium.Struct:
		return btf.Struct
	case *cilium.Union:
		return btf.Union
	case *cilium.Fwd:
		return btf.Forward
	case *cilium.Func:
		return btf.Func
	case *cilium.FuncProto:
		return btf.Proto
	case *cilium.Var:
		return btf.Var
	}
	return btf.Other
}

// pointerSize is a pointer's size on every machine that BPF runs on in 64 bits.
const pointerSize = 8

// convert gives nil if there is no such type.
func (k *Kernel) convert(id btf.ID) *btf.Type {
	raw, err := k.Spec.TypeByID(cilium.TypeID(id))
	if err != nil {
		return nil
	}
	t := cilium.UnderlyingType(raw)
	out := &btf.Type{ID: k.id(t), Kind: kindOf(t), Name: t.TypeName()}
	switch t := t.(type) {
	case *cilium.Int:
		out.Size = t.Size
	case *cilium.Enum:
		out.Size = t.Size
	case *cilium.Float:
		out.Size = t.Size
	case *cilium.Pointer:
		out.Size, out.Elem, out.Tags = pointerSize, k.id(t.Target), tags(t.Target)
	case *cilium.Array:
		out.Elem, out.Count = k.id(t.Type), t.Nelems
	case *cilium.Struct:
		out.Size, out.Members = t.Size, k.members(t.Members)
	case *cilium.Union:
		out.Size, out.Members = t.Size, k.members(t.Members)
	case *cilium.Func:
		out.Elem, out.Tags = k.id(t.Type), t.Tags
	case *cilium.FuncProto:
		out.Elem = k.id(t.Return)
		for _, p := range t.Params {
			out.Params = append(out.Params, btf.Param{Name: p.Name, Type: k.id(p.Type)})
		}
	case *cilium.Var:
		out.Elem = k.id(t.Type)
		if n, err := cilium.Sizeof(t.Type); err == nil {
			out.Size = uint32(n)
		}
	}
	return out
}

func (k *Kernel) members(all []cilium.Member) []btf.Member {
	out := make([]btf.Member, len(all))
	for i, m := range all {
		out[i] = btf.Member{Name: m.Name, Type: k.id(m.Type), Bit: uint32(m.Offset), Bits: uint32(m.BitfieldSize)}
	}
	return out
}

// tags are the type tags in front of a type: "rcu", "percpu", "user".
func tags(t cilium.Type) (all []string) {
	for {
		switch x := t.(type) {
		case *cilium.TypeTag:
			all = append(all, x.Value)
			t = x.Type
		case *cilium.Const:
			t = x.Type
		case *cilium.Volatile:
			t = x.Type
		case *cilium.Restrict:
			t = x.Type
		default:
			return all
		}
	}
}
