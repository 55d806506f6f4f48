package kernelcmp

import (
	"fmt"

	"github.com/lockstep-ebpf/lockstep/spec"
	"github.com/lockstep-ebpf/lockstep/vm"
	"github.com/lockstep-ebpf/lockstep/vm/hook"
)

// State is what a body of instructions starts from and leaves: registers r0 to r9, and
// the end of the stack below what the vehicle needs itself.
type State struct {
	Regs  [10]uint64
	Stack []byte // ends at r10 - StateReserved; a multiple of 8, at most MaxStateStack
}

// The vehicle keeps the context's address at r10 - 8 and a register at r10 - 16. A body
// must leave these bytes alone.
const (
	StateReserved = 16
	MaxStateStack = 512 - StateReserved
)

// StateCase makes a case that shows the whole state in which a body ends, for each of
// the states that it starts from. The vehicle is a syscall program, whose context is
// as large as one likes and comes back from a test run (Linux 5.14 and later); every
// engine of ours runs it too, so what is to be compared is the context:
//
//	*(u64 *)(r10 - 8) = r1            the context: r0 to r9, then the stack
//	r0 … r9, stack = context
//	body                              an exit goes to what follows
//	context = r0 … r9, stack
//	r0 = 0; exit
//
// A body must leave all ten registers readable, so it can call nothing; and what it
// puts into them must be numbers: an address of the kernel's is nobody else's. All
// states have stacks of the same size.
func StateCase(body []spec.Insn, order spec.ByteOrder, states []State) (*vm.Case, error) {
	size := 0
	if len(states) > 0 {
		size = len(states[0].Stack)
	}
	if size%8 != 0 || size > MaxStateStack {
		return nil, fmt.Errorf("a state with a stack of %d bytes: want a multiple of 8, at most %d", size, MaxStateStack)
	}
	p := &vm.Program{Name: "states", Type: hook.Syscall, Order: order}
	p.Insns = append(p.Insns, enterState(size)...)
	for pc, i := range body {
		if i.Op == spec.EXIT && (pc == 0 || body[pc-1].Op != spec.LDDW) {
			i = jumpForward(len(body) - pc - 1)
		}
		p.Insns = append(p.Insns, i)
	}
	p.Insns = append(p.Insns, leaveState(size)...)
	c := &vm.Case{Programs: []*vm.Program{p}}
	for n, s := range states {
		if len(s.Stack) != size {
			return nil, fmt.Errorf("state %d has a stack of %d bytes, the first one's has %d", n, len(s.Stack), size)
		}
		ctx := make([]byte, stateRegs, stateRegs+size)
		for i, r := range s.Regs {
			order.Binary().PutUint64(ctx[8*i:], r)
		}
		c.Inputs = append(c.Inputs, vm.Input{Context: append(ctx, s.Stack...)})
	}
	return c, nil
}

// StateOf reads the state in which a run of a StateCase ended.
func StateOf(o *vm.Outcome, order spec.ByteOrder) (s State, err error) {
	if o.Kind != vm.Exit || len(o.Context.Data) < stateRegs {
		return s, fmt.Errorf("there is no state: %s %s", o.Kind, o.Reason)
	}
	for r := range s.Regs {
		s.Regs[r] = order.Binary().Uint64(o.Context.Data[8*r:])
	}
	s.Stack = o.Context.Data[stateRegs:]
	return s, nil
}

// move64 is a load (class LDX) or a store (class STX) of eight bytes.
func move64(class, dst, src uint8, off int) spec.Insn {
	return spec.Insn{Op: class | spec.ModeMEM | spec.SizeDW, Dst: dst, Src: src, Off: int16(off)}
}

const (
	stateRegs = 8 * 10 // bytes of the context that are registers
	framePtr  = 10
)

func enterState(stack int) []spec.Insn {
	code := []spec.Insn{move64(spec.ClassSTX, framePtr, 1, -8)}
	for at := 0; at < stack; at += 8 {
		code = append(code, move64(spec.ClassLDX, 0, 1, stateRegs+at), move64(spec.ClassSTX, framePtr, 0, at-stack-StateReserved))
	}
	for _, r := range []uint8{0, 2, 3, 4, 5, 6, 7, 8, 9, 1} { // r1 last: it is the context
		code = append(code, move64(spec.ClassLDX, r, 1, 8*int(r)))
	}
	return code
}

func leaveState(stack int) []spec.Insn {
	code := []spec.Insn{move64(spec.ClassSTX, framePtr, 1, -16), move64(spec.ClassLDX, 1, framePtr, -8)}
	for _, r := range []uint8{0, 2, 3, 4, 5, 6, 7, 8, 9} {
		code = append(code, move64(spec.ClassSTX, 1, r, 8*int(r)))
	}
	code = append(code, move64(spec.ClassLDX, 2, framePtr, -16), move64(spec.ClassSTX, 1, 2, 8))
	for at := 0; at < stack; at += 8 {
		code = append(code, move64(spec.ClassLDX, 2, framePtr, at-stack-StateReserved), move64(spec.ClassSTX, 1, 2, stateRegs+at))
	}
	return append(code, spec.Insn{Op: spec.MOV}, spec.Insn{Op: spec.EXIT})
}
