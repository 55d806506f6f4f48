package oracle

import (
	"fmt"

	"github.com/lockstep-ebpf/lockstep/reports"
	"github.com/lockstep-ebpf/lockstep/vm"
	"github.com/lockstep-ebpf/lockstep/vm/mem"
)

// state is all of a machine after a number of steps: what an outcome shows, and
// the stack.
type state struct {
	out   vm.Outcome
	stack []byte
	perms []mem.Perm
}

const stackSize = mem.FrameStride * mem.MaxFrames

// stop runs one input for at most fuel steps, after the inputs before it have run
// to their ends, and leaves the machine as it is then.
func stop(t *vm.EngineTarget, c *vm.Case, input int, fuel uint64) (vm.Result, error) {
	loaded, err := t.Load(c)
	if err != nil {
		return vm.FromError(err), err
	}
	m := t.Machine()
	for i := range input {
		if err := m.Setup(loaded.Type, &c.Inputs[i]); err != nil {
			return vm.FromError(err), err
		}
		loaded.Instance.Run(m)
	}
	m.Fuel = fuel
	if err := m.Setup(loaded.Type, &c.Inputs[input]); err != nil {
		return vm.FromError(err), err
	}
	return loaded.Instance.Run(m), nil
}

// at fills s with the state after at most fuel steps.
func (s *state) at(t *vm.EngineTarget, c *vm.Case, input int, fuel uint64) {
	r, err := stop(t, c, input, fuel)
	if err != nil {
		s.out = vm.Outcome{Result: r}
		s.stack, s.perms = s.stack[:0], s.perms[:0]
		return
	}
	m := t.Machine()
	m.Observe(r, &s.out)
	s.stack = append(s.stack[:0], m.Mem.Bytes(mem.StackBase, stackSize)...)
	s.perms = append(s.perms[:0], m.Mem.Perms(mem.StackBase, stackSize)...)
}

// stepObservables is what can be compared of two runs in their midst.
const stepObservables = vm.ObsAll

// differ finds the first difference of two states.
func differ(a, b *state) (reports.Effect, vm.Difference, bool) {
	x, y := &a.out, &b.out
	if d, same := vm.Compare(x, y, stepObservables); !same {
		return effectOf(x, y, d), d, true
	}
	if x.Tainted || y.Tainted || x.Kind != vm.FuelSpent {
		return "", vm.Difference{}, false
	}
	if p, q := x.Next, y.Next; p != q && p.Known && q.Known {
		return reports.Control, vm.Difference{
			Observable: "next insn", A: fmt.Sprintf("%d of program %d", p.PC, p.Prog), B: fmt.Sprintf("%d of program %d", q.PC, q.Prog),
		}, true
	}
	undef := x.Undef | y.Undef
	for r := range x.Regs {
		if undef>>r&1 == 0 && x.Regs[r] != y.Regs[r] {
			return reports.Register, vm.Difference{
				Observable: "regs", Where: fmt.Sprintf("r%d", r),
				A: fmt.Sprintf("%#x", x.Regs[r]), B: fmt.Sprintf("%#x", y.Regs[r]),
			}, true
		}
	}
	for i := range a.stack {
		if a.stack[i] != b.stack[i] && a.perms[i]&(mem.Read|mem.Undef) == mem.Read && b.perms[i]&mem.Undef == 0 {
			return reports.Memory, vm.Difference{
				Observable: "stack", Where: fmt.Sprintf("r10%+d of frame %d", i%mem.FrameStride-mem.FrameSize, i/mem.FrameStride),
				A: fmt.Sprintf("%#02x", a.stack[i]), B: fmt.Sprintf("%#02x", b.stack[i]),
			}, true
		}
	}
	return "", vm.Difference{}, false
}

func effectOf(x, y *vm.Outcome, d vm.Difference) reports.Effect {
	switch d.Observable {
	case "r0", "regs":
		return reports.Register
	case "memory", "packet", "ctx", "maps":
		return reports.Memory
	case "trace":
		return reports.Printed
	case "fault":
		return reports.Faults
	case "kind":
		if x.Kind == vm.Faulted || y.Kind == vm.Faulted {
			return reports.Faults
		}
		if x.Kind == vm.LoadRejected || y.Kind == vm.LoadRejected {
			return reports.Loading
		}
	}
	return reports.Control
}
