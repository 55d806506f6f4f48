package object

import (
	"github.com/cilium/ebpf/btf"

	"github.com/lockstep-ebpf/lockstep/vm/maps"
)

// fields finds the structs in a map's values that the kernel knows by name: members of the
// value, of structs within it, and variables of a data section (btf_find_field in
// kernel/bpf/btf.c).
func fields(value btf.Type) []maps.Field {
	s := search{budget: mostMembers}
	switch t := btf.UnderlyingType(value).(type) {
	case *btf.Datasec:
		for _, v := range t.Vars {
			if x, ok := v.Type.(*btf.Var); ok {
				s.within(x.Type, v.Offset)
			}
		}
	case *btf.Struct:
		s.members(t, 0)
	}
	return s.found
}

// mostMembers is how many members are looked at. Structs within structs can have very many more
// in a few lines of BTF.
const mostMembers = 10_000

type search struct {
	found  []maps.Field
	budget int
}

func (s *search) members(t *btf.Struct, off uint32) {
	for _, m := range t.Members {
		if s.budget--; s.budget < 0 {
			return
		}
		if m.BitfieldSize == 0 {
			s.within(m.Type, off+m.Offset.Bytes())
		}
	}
}

// within looks at what lies at an offset.
func (s *search) within(t btf.Type, off uint32) {
	x, ok := btf.UnderlyingType(t).(*btf.Struct)
	if !ok {
		return
	}
	if kind, special := maps.FieldKindByName(x.Name); special && x.Size == kind.Size() {
		s.found = append(s.found, maps.Field{Kind: kind, Off: off})
		return
	}
	s.members(x, off)
}
