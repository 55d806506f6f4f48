package kernelcmp

import (
	"fmt"
	"strings"

	"github.com/lockstep-ebpf/lockstep/spec"
	"github.com/lockstep-ebpf/lockstep/vm"
	"github.com/lockstep-ebpf/lockstep/vm/maps"
)

// mapProbe is a map that can be made wherever its type exists.
type mapProbe struct {
	since string
	spec  maps.Spec
}

// mapProbes are the types that a kernel may be without: younger than 5.10, or a matter
// of its configuration.
var mapProbes = []mapProbe{
	{"4.6", maps.Spec{Type: maps.StackTrace, KeySize: 4, ValueSize: 8, MaxEntries: 1}},
	{"4.14", maps.Spec{Type: maps.SockMap, KeySize: 4, ValueSize: 4, MaxEntries: 1}},
	{"4.14", maps.Spec{Type: maps.DevMap, KeySize: 4, ValueSize: 4, MaxEntries: 1}},
	{"4.15", maps.Spec{Type: maps.CPUMap, KeySize: 4, ValueSize: 4, MaxEntries: 1}},
	{"4.18", maps.Spec{Type: maps.XSKMap, KeySize: 4, ValueSize: 4, MaxEntries: 1}},
	{"4.18", maps.Spec{Type: maps.SockHash, KeySize: 4, ValueSize: 4, MaxEntries: 1}},
	{"5.8", maps.Spec{Type: maps.RingBuf, MaxEntries: 1 << 16}}, // whole pages, of up to 64 KiB
	{"5.16", maps.Spec{Type: maps.BloomFilter, ValueSize: 4, MaxEntries: 1, Flags: maps.ZeroSeed}},
}

func (e *executor) mapFeature(p *mapProbe) Feature {
	name := "maps of type " + p.spec.Type.String()
	if f, ok := e.features[name]; ok {
		return f
	}
	f := Feature{Name: name, Since: p.since}
	m, err := e.createMap(&p.spec, nil, false)
	if err == nil {
		m.close()
	} else {
		f.Lacks = firstLine(err)
	}
	e.features[name] = f
	return f
}

// lackingMap says which types of the job's maps this kernel has not.
func (e *executor) lackingMap(j *job) string {
	for n := range j.Maps {
		for i := range mapProbes {
			if p := &mapProbes[i]; p.spec.Type == j.Maps[n].Type {
				if f := e.mapFeature(p); f.Lacks != "" {
					return f.missing()
				}
			}
		}
	}
	return ""
}

// lackingHelper says which helpers of the job this kernel has not for programs of their
// type. It asks by a call without arguments: the verifier first looks whether there is
// such a helper.
func (e *executor) lackingHelper(j *job) string {
	for n := range j.Programs {
		p := j.Programs[n].decode()
		for _, i := range p.Insns {
			if i.Op != spec.CALL || i.Src != spec.CallHelper {
				continue
			}
			name := fmt.Sprintf("helper %d for programs of type %s", i.Imm, p.Type)
			if h := vm.HelperByID(i.Imm); h != nil {
				name = fmt.Sprintf("bpf_%s for programs of type %s", h.Name, p.Type)
			}
			f, asked := e.features[name]
			if !asked {
				if err := e.tryLoad(p.Type, []spec.Insn{i, {Op: spec.EXIT}}); err != nil && noSuchHelper(err.Error()) {
					f.Lacks = firstLine(err)
				}
				e.features[name] = f
			}
			if f.Lacks != "" {
				return name
			}
		}
	}
	return ""
}

// noSuchHelper reads it from a verifier's log, in the words of any release.
func noSuchHelper(log string) bool {
	for _, words := range []string{"unknown func", "invalid func", "program of this type cannot use helper"} {
		if strings.Contains(log, words) {
			return true
		}
	}
	return false
}

func firstLine(err error) string {
	line, _, _ := strings.Cut(err.Error(), "\n")
	return line
}
