package object

import (
	"slices"
	"strings"

	"github.com/cilium/ebpf"
	cilium "github.com/cilium/ebpf/btf"

	"github.com/lockstep-ebpf/lockstep/verifier/btf"
)

// sleepable is BPF_F_SLEEPABLE.
const sleepable = 1 << 4

// describe is what the object's types say of a program.
func describe(p *ebpf.ProgramSpec) *btf.Program {
	out := &btf.Program{Attach: strings.Replace(p.AttachTo, ":", ".", 1), Type: uint32(p.AttachType), Sleepable: p.Flags&sleepable != 0}
	for it := p.Instructions.Iterate(); it.Next(); {
		if f := cilium.FuncMetadata(it.Ins); f != nil {
			out.Funcs = append(out.Funcs, prototype(f, int(it.Offset)))
		}
	}
	return out
}

func prototype(f *cilium.Func, slot int) btf.Function {
	out := btf.Function{Slot: slot, Name: f.Name, Global: f.Linkage == cilium.GlobalFunc}
	proto, ok := f.Type.(*cilium.FuncProto)
	if !ok {
		return out
	}
	switch cilium.UnderlyingType(proto.Return).(type) {
	case *cilium.Void:
		out.Void = true
	case *cilium.Int, *cilium.Enum:
		out.Number = true
	}
	for i, p := range proto.Params {
		q := parameter(p)
		if i < len(f.ParamTags) {
			for _, tag := range f.ParamTags[i] {
				if short, ok := strings.CutPrefix(tag, "arg:"); ok {
					q.Tags = append(q.Tags, short)
				}
			}
		}
		out.Params = append(out.Params, q)
	}
	return out
}

func parameter(p cilium.FuncParam) btf.Parameter {
	q := btf.Parameter{Name: p.Name}
	switch t := cilium.UnderlyingType(p.Type).(type) {
	case *cilium.Int:
		q.Kind = btf.Int
	case *cilium.Enum:
		q.Kind = btf.Enum
	case *cilium.Pointer:
		q.Kind = btf.Pointer
		pointee(&q, t.Target)
	case *cilium.Struct:
		q.Kind = btf.Struct
	default:
		q.Kind = btf.Other
	}
	return q
}

// contextNames are typedefs that name a context.
var contextNames = []string{"bpf_user_pt_regs_t"}

func pointee(q *btf.Parameter, t cilium.Type) {
	u := cilium.UnderlyingType(t)
	q.ToName = u.TypeName()
	if name := t.TypeName(); slices.Contains(contextNames, name) {
		q.ToName = name
	}
	switch u.(type) {
	case *cilium.Void:
		q.To = btf.Void
		return
	case *cilium.Struct:
		q.To = btf.Struct
	case *cilium.Union:
		q.To = btf.Union
	case *cilium.Fwd:
		q.To = btf.Forward
		return
	case *cilium.Int:
		q.To = btf.Int
	case *cilium.Enum:
		q.To = btf.Enum
	case *cilium.Array:
		q.To = btf.Array
	case *cilium.Pointer:
		q.To = btf.Pointer
	default:
		q.To = btf.Other
		return
	}
	if n, err := cilium.Sizeof(u); err == nil {
		q.ToSize = uint32(n)
	}
}
