package public

import (
	"bytes"
	"slices"
	"testing"

	"github.com/lockstep-ebpf/lockstep/fastvm"
	"github.com/lockstep-ebpf/lockstep/host/object"
	"github.com/lockstep-ebpf/lockstep/jit"
	"github.com/lockstep-ebpf/lockstep/refvm"
	"github.com/lockstep-ebpf/lockstep/spec"
	"github.com/lockstep-ebpf/lockstep/vm"
	"github.com/lockstep-ebpf/lockstep/vm/hook"
	"github.com/lockstep-ebpf/lockstep/vm/maps"
)

// TestEngines loads every program into every engine and runs it on two packets. Most
// of the programs call what is not simulated, so stand-ins take its place; what
// becomes of them is of no interest, but all engines have to agree on it.
func TestEngines(t *testing.T) {
	s := fetch(t)
	l := lockstep{agreed: map[vm.Kind]int{}}
	for _, e := range []vm.Engine{&refvm.Engine{}, fastvm.Engine{}, jit.Engine{}} {
		target := vm.NewTarget(e, memory())
		defer target.Close()
		l.targets = append(l.targets, target)
	}
	for _, objects := range s.objects {
		for _, file := range objects {
			o, err := object.Read(bytes.NewReader(file.ELF))
			if err != nil {
				continue // TestCount names them
			}
			for _, p := range o.Programs {
				name := file.Name + ", program " + p.Name
				l.run(t, name+" with stand-ins", standIn(o, p))
				if c, err := o.Case(p.Name, inputs()...); err == nil && len(obstacles(o, p)) == 0 && sized(c) {
					l.run(t, name, c)
				}
			}
		}
	}
	t.Logf("%d cases; runs that were compared by their end: %v; runs of which an undefined value decided: %d", l.cases, l.agreed, l.tainted)
}

// lockstep runs cases on all engines.
type lockstep struct {
	targets        []*vm.EngineTarget // the first is the reference VM
	cases, tainted int
	agreed         map[vm.Kind]int
}

func inputs() []vm.Input {
	frame := make([]byte, 64) // UDP in IPv4
	copy(frame[12:], []byte{8, 0, 0x45, 0, 0, 50, 0, 0, 0, 0, 64, 17, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2, 0, 53, 0, 53})
	return []vm.Input{{Packet: make([]byte, 14)}, {Packet: frame, Seed: 1}}
}

// sized reports whether the case's maps can be made: some programs set sizes before
// they load their objects.
func sized(c *vm.Case) bool {
	return !slices.ContainsFunc(c.Maps, func(s *maps.Spec) bool { return s.MaxEntries == 0 })
}

// run compares each engine with the first. A big-endian program is for the first alone.
func (l *lockstep) run(t *testing.T, name string, c *vm.Case) {
	t.Helper()
	c.Fuel = 20_000
	l.cases++
	targets := l.targets
	if c.Programs[0].Order == spec.Big {
		targets = targets[:1]
	}
	var want []vm.Outcome
	for i, target := range targets {
		if _, err := target.Load(c); err != nil {
			t.Errorf("%s: %s: %v", name, target.Name(), err)
			return
		}
		out := target.Run(c)
		if i == 0 {
			want = slices.Clone(out)
			for _, o := range out {
				if o.Tainted {
					l.tainted++
				} else {
					l.agreed[o.Kind]++
				}
			}
			continue
		}
		for n := range out {
			if d, ok := vm.Compare(&want[n], &out[n], vm.ObsAll); !ok {
				t.Errorf("%s, input %d: refvm, %s: %v", name, n, target.Name(), d)
			}
		}
	}
}

// standIn is a case of a program with what is not simulated replaced: its type by one
// that may do most, calls of helpers and kernel functions by a helper without
// arguments, variables of the kernel by a number, maps by small arrays.
func standIn(o *object.Object, p *object.Program) *vm.Case {
	q := p.Program
	q.Type = hook.SchedCLS
	q.Insns = slices.Clone(p.Insns)
	for pc, i := range q.Insns {
		switch {
		case i.Op == spec.CALL && i.Src == spec.CallHelper && vm.HelperByID(i.Imm) == nil,
			i.Op == spec.CALL && i.Src == spec.CallKfunc,
			i.Op == spec.CALL && pc+1+int(i.Imm) == pc: // a function that is not there
			q.Insns[pc] = spec.Insn{Op: spec.CALL, Imm: vm.HelperByName("ktime_get_ns").ID}
		case i.Op == spec.LDDW && i.Src != spec.LDDWFunc && !namesMap(i, o.Maps):
			q.Insns[pc].Src = spec.LDDWValue
		}
	}
	c := &vm.Case{Programs: []*vm.Program{&q}, Inputs: inputs()}
	for _, m := range o.Maps {
		s := m.Spec
		nested := s.Type == maps.ArrayOfMaps || s.Type == maps.HashOfMaps
		if m.Unready != nil || !s.Type.Simulated() || s.MaxEntries == 0 || s.ValueSize == 0 || nested || len(m.Programs) > 0 {
			s = maps.Spec{Name: s.Name, Type: maps.Array, KeySize: 4, ValueSize: max(8, s.ValueSize), MaxEntries: 1}
		}
		s.MaxEntries = min(s.MaxEntries, 1024)
		c.Maps = append(c.Maps, &s)
	}
	return c
}

// namesMap reports whether an LDDW can be resolved to one of the maps. One that refers
// to what the object has not may hold any number.
func namesMap(i spec.Insn, all []*object.Map) bool {
	if i.Imm < 0 || int(i.Imm) >= len(all) {
		return false
	}
	return i.Src == spec.LDDWMapFD || i.Src == spec.LDDWMapValue && all[i.Imm].MaxEntries == 1
}
