package jit

import (
	"github.com/lockstep-ebpf/lockstep/internal/mutant"
	"github.com/lockstep-ebpf/lockstep/jit/abi"
	"github.com/lockstep-ebpf/lockstep/spec"
	"github.com/lockstep-ebpf/lockstep/vm"
	"github.com/lockstep-ebpf/lockstep/vm/maps"
	"github.com/lockstep-ebpf/lockstep/vm/mem"
)

// open makes frame n accessible and points r10 at it. From then on native code may
// enter the frame too.
func (r *run) open(n int) {
	r.st.Regs[10] = r.m.OpenFrame(n, mem.RW)
	r.opened = max(r.opened, n+1)
	r.st.SetLimit(r.opened)
}

// fail records a fault of the instruction at pc, and is false.
func (r *run) fail(k vm.FaultKind, addr uint64) bool {
	r.fault = vm.Fault{Kind: k, Addr: addr}
	return false
}

// callHelper carries out a helper that changes the flow of control.
func (r *run) callHelper(i *spec.Insn) (next int, ok bool, err error) {
	next = r.pc + 1
	switch vm.HelperByID(i.Imm).Flow {
	case vm.TailCalls:
		return r.tailCall(next)
	case vm.Walks:
		next, ok = r.forEach(next)
	default:
		next, ok = r.bpfLoop(next)
	}
	return next, ok, nil
}

// push opens a frame for a callee that returns to slot ret.
func (r *run) push(ret int) bool {
	n := r.st.Depth() + 1
	if n == mem.MaxFrames {
		return r.fail(vm.FaultDepth, 0)
	}
	r.st.Frames[n] = abi.Frame{Return: r.code.at(ret), Slot: uint64(ret), Open: 1, Saved: [4]uint64(r.st.Regs[6:10])}
	r.open(n)
	r.st.SetDepth(n)
	return true
}

// ended is the slot after the last exit.
const ended = -1

// exit returns from the function, into a further round of a bpf_loop or of a walk over a
// map, or to the caller; or it ends the program.
func (r *run) exit() (next int) {
	n := r.st.Depth()
	if n == 0 {
		return ended
	}
	r.detach(n)
	c, f := &r.calls[n], &r.st.Frames[n]
	if c.loop.walk != nil {
		if r.st.Regs[0] == 0 {
			if args, more := c.loop.walk.Next(r.m); more {
				return r.visit(c, args)
			}
		}
		r.st.Regs[0] = c.loop.walk.Done
	} else if c.loop.on {
		c.loop.done++
		if r.st.Regs[0] == 0 && c.loop.done < c.loop.nr {
			return r.callback(c)
		}
		if mutant.On(mutant.JITLoopCountShort) && r.st.Regs[0] != 0 {
			c.loop.done--
		}
		r.st.Regs[0] = c.loop.done
	}
	copy(r.st.Regs[6:10], f.Saved[:])
	r.close(n)
	r.st.Regs[10] -= mem.FrameStride
	r.st.SetDepth(n - 1)
	r.enter(c.inst)
	return int(f.Slot)
}

// close makes frame n inaccessible again. A trusted machine does not look.
func (r *run) close(n int) {
	if r.m.Mode == vm.Checked {
		r.m.CloseFrame(n)
	}
}

// openAll opens the frames that native code has left shut, before somebody looks.
func (r *run) openAll() {
	if r.m.Mode == vm.Trusted {
		return
	}
	for n := r.st.Depth(); n > 0; n-- {
		if f := &r.st.Frames[n]; f.Open == 0 {
			r.m.OpenFrame(n, mem.RW)
			f.Open = 1
		}
	}
}

// detach makes the driver see the exits from frames n and up, which native code
// would make by itself, and within one program only.
func (r *run) detach(n int) {
	caller := r.inst
	for d := r.st.Depth(); d >= n; d-- {
		if f := &r.st.Frames[d]; f.Return != 0 {
			f.Return = 0
			r.calls[d] = call{inst: caller}
		}
		caller = r.calls[d].inst
	}
}

// enter goes on in a program of this run, whose code exists.
func (r *run) enter(in *instance) {
	if in != r.inst {
		if err := r.use(in); err != nil {
			panic(err)
		}
	}
}

// bpfLoop is helper 181: call the function at r2 up to r1 times with the index and
// r3, until it returns other than 0. r0 becomes the number of rounds.
func (r *run) bpfLoop(next int) (int, bool) {
	nr, at, ctx, flags := uint64(uint32(r.st.Regs[1])), r.st.Regs[2], r.st.Regs[3], r.st.Regs[4]
	to := r.inst.loaded.FuncAt(at)
	switch {
	case to < 0:
		return next, r.fail(vm.FaultHelper, at)
	case flags != 0:
		r.st.Regs[0] = vm.Errno(maps.EINVAL)
		return next, true
	case nr > vm.MaxLoops:
		r.st.Regs[0] = vm.Errno(maps.E2BIG)
		return next, true
	case nr == 0:
		r.st.Regs[0] = 0
		return next, true
	}
	if !r.push(next) {
		return next, false
	}
	r.detach(r.st.Depth())
	c := &r.calls[r.st.Depth()]
	c.loop = loop{on: true, callback: to, nr: nr, ctx: ctx}
	return r.callback(c), true
}

// callback begins a round. A tail call in the round before may have changed the
// program.
func (r *run) callback(c *call) (next int) {
	r.enter(c.inst)
	r.st.Regs[1], r.st.Regs[2] = c.loop.done, c.loop.ctx
	return c.loop.callback
}

// forEach is helper 164: call the function at r2 with each element of the map r1, until it
// returns other than 0. r0 becomes the number of elements.
func (r *run) forEach(next int) (int, bool) {
	args := [5]uint64(r.st.Regs[1:6])
	w, r0, f := r.m.StartWalk(r.inst.loaded, &args, r.st.Depth())
	if f.Kind != vm.NoFault {
		return next, r.fail(f.Kind, f.Addr)
	}
	if w != nil {
		if first, more := w.Next(r.m); more {
			if !r.push(next) {
				return next, false
			}
			r.detach(r.st.Depth())
			c := &r.calls[r.st.Depth()]
			c.loop = loop{walk: w}
			return r.visit(c, first), true
		}
	}
	r.st.Regs[0] = r0
	return next, true
}

// visit begins a round with an element: r1 to r4.
func (r *run) visit(c *call, args [4]uint64) (next int) {
	r.enter(c.inst)
	copy(r.st.Regs[1:5], args[:])
	return c.loop.walk.Callback
}

// tailCall is helper 12: go on in program r3 of the prog_array r2, in the same
// frame. Where that is not to be had, the call does nothing.
func (r *run) tailCall(next int) (int, bool, error) {
	table, ok := r.m.World.MapAt(r.st.Regs[2]).(maps.TailCaller)
	if !ok {
		return next, r.fail(vm.FaultHelper, r.st.Regs[2]), nil
	}
	id, ok := table.Program(uint32(r.st.Regs[3]))
	most := vm.MaxTailCalls
	if mutant.On(mutant.JITTailCallOffByOne) {
		most++
	}
	if !ok || r.m.TailCalls == most || int(id) >= len(r.m.World.Programs) {
		return next, true, nil
	}
	target, ok := r.m.World.Programs[id].Instance.(*instance)
	if !ok {
		return next, true, nil
	}
	r.m.TailCalls++
	if n := r.st.Depth(); n > 0 {
		r.detach(n) // the caller's code may not be entered from another program's
	}
	return 0, true, r.use(target)
}
