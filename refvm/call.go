package refvm

import (
	"github.com/lockstep-ebpf/lockstep/spec"
	"github.com/lockstep-ebpf/lockstep/vm"
	"github.com/lockstep-ebpf/lockstep/vm/maps"
	"github.com/lockstep-ebpf/lockstep/vm/mem"
)

// frame is what a function's return gives back to its caller, and what the
// calling instruction still has to do then.
type frame struct {
	prog  *vm.Loaded
	code  []insn
	call  int // the slot of the calling instruction
	next  int // the slot after it
	saved [11]uint64
	undef uint16
	rest  spec.Seq // steps of the calling instruction that come after the Call
	loop  loopState
}

// loopState is a bpf_loop under way: the frame belongs to its callback.
type loopState struct {
	active   bool
	callback int
	i, n     uint64
	context  value
	walk     *vm.Walk // of a bpf_for_each_map_elem
}

// preserved are the registers that a callee gives back as they were.
const preserved = 0b0111_1100_0000 // r6 to r10

func (r *run) openFrame(depth int) uint64 {
	return r.m.OpenFrame(depth, mem.RW|mem.Undef)
}

// call carries out a Call; rest is what the instruction does afterwards.
func (r *run) call(c *insn, kind spec.CallKind, rest spec.Seq) {
	switch kind {
	case spec.LocalCall:
		if r.push(rest) {
			r.next = r.PC + 1 + int(c.Imm)
		}
	case spec.HelperCall:
		r.helper(c, rest)
	default:
		panic("refvm: kernel functions are refused when loading")
	}
}

// push opens a frame for a callee. r1 to r5 stay as they are: the arguments.
func (r *run) push(rest spec.Seq) bool {
	if r.Depth+1 == mem.MaxFrames {
		r.stop(vm.FaultDepth, 0)
		return false
	}
	r.frames[r.Depth] = frame{
		prog: r.Prog, code: r.code, call: r.PC, next: r.next,
		saved: r.Regs, undef: r.Undef, rest: rest,
	}
	r.Depth++
	r.Regs[10] = r.openFrame(r.Depth)
	r.Undef |= 1<<0 | 0b11_1100_0000 // a callee knows r1 to r5 and r10
	return true
}

// exit returns from the function.
func (r *run) exit() {
	if r.Depth == 0 {
		r.flow = exited
		return
	}
	f := &r.frames[r.Depth-1]
	if f.loop.active && r.nextIteration(f) {
		return
	}
	r.m.CloseFrame(r.Depth)
	r.Depth--
	for n := 6; n <= 10; n++ {
		r.Regs[n] = f.saved[n]
	}
	r.Undef = r.Undef&^preserved | f.undef&preserved
	r.Prog, r.code, r.PC, r.next = f.prog, f.code, f.call, f.next
	if f.loop.active {
		r.set(0, value{f.loop.i, false})
		f.loop.active = false
	}
	r.seq(&f.code[f.call], f.rest)
}

// helper calls a helper: one that returns, or one that the machine carries out.
func (r *run) helper(c *insn, rest spec.Seq) {
	h := r.m.World.Helper(c.Imm)
	for n := uint8(1); int(n) <= h.Args; n++ {
		r.taint = r.taint || r.Undef>>n&1 != 0
	}
	switch h.Flow {
	case vm.TailCalls:
		if r.tailCall() {
			return
		}
	case vm.Loops:
		if r.startLoop(rest) {
			return
		}
	case vm.Walks:
		if r.startWalk(rest) {
			return
		}
	default:
		args := [5]uint64(r.Regs[1:6])
		r0, f := h.Call(r.m, &args)
		if f.Kind != vm.NoFault {
			r.stop(f.Kind, f.Addr)
			return
		}
		r.set(0, value{r0, false})
	}
	if r.flow != goOn {
		return
	}
	if h.Void {
		r.clobber(0, 0)
	}
	r.seq(c, rest)
}

// tailCall replaces the program of this frame: bpf_tail_call(ctx, prog_array,
// index). It reports whether it did; a call that cannot be made does nothing.
func (r *run) tailCall() bool {
	table, ok := r.m.World.MapAt(r.Regs[2]).(maps.TailCaller)
	if !ok {
		r.stop(vm.FaultHelper, r.Regs[2])
		return false
	}
	id, ok := table.Program(uint32(r.Regs[3]))
	if !ok || r.m.TailCalls == vm.MaxTailCalls || int(id) >= len(r.m.World.Programs) {
		return false
	}
	r.m.TailCalls++
	target := r.m.World.Programs[id]
	r.Prog, r.code, r.next = target, target.Instance.(*instance).code, 0
	r.Undef |= 0b0011_1111_1101 // the target knows r1 and r10, and nothing of the stack
	r.Regs[10] = r.openFrame(r.Depth)
	return true
}

// startLoop begins bpf_loop(nr_loops, callback, ctx, flags). It reports whether a
// callback runs now; otherwise r0 is set.
func (r *run) startLoop(rest spec.Seq) bool {
	n, callback, flags := uint64(uint32(r.Regs[1])), r.Regs[2], r.Regs[4]
	slot := r.Prog.FuncAt(callback)
	switch {
	case slot < 0:
		r.stop(vm.FaultHelper, callback)
		return false
	case flags != 0:
		r.set(0, value{vm.Errno(maps.EINVAL), false})
		return false
	case n > vm.MaxLoops:
		r.set(0, value{vm.Errno(maps.E2BIG), false})
		return false
	case n == 0:
		r.set(0, value{0, false})
		return false
	}
	context := r.get(3)
	if !r.push(rest) {
		return false
	}
	f := &r.frames[r.Depth-1]
	f.loop = loopState{active: true, callback: slot, n: n, context: context}
	r.iterate(f)
	return true
}

// callback is where a round begins. A tail call in the round before may have left the
// program.
func (r *run) callback(f *frame) {
	r.Prog, r.code, r.next = f.prog, f.code, f.loop.callback
}

// iterate enters the callback for iteration f.loop.i.
func (r *run) iterate(f *frame) {
	r.set(1, value{f.loop.i, false})
	r.set(2, f.loop.context)
	r.Undef |= 0b11_1111_1001 &^ (1<<1 | 1<<2)
	r.callback(f)
}

// nextIteration decides, at the callback's exit, whether it runs once more.
func (r *run) nextIteration(f *frame) bool {
	if f.loop.walk != nil {
		return r.nextElement(f)
	}
	f.loop.i++
	stop := r.decides(r.get(0))
	if stop || f.loop.i == f.loop.n {
		return false
	}
	r.Regs[10] = r.openFrame(r.Depth)
	r.iterate(f)
	return true
}

// startWalk begins bpf_for_each_map_elem(map, callback, ctx, flags), as startLoop.
func (r *run) startWalk(rest spec.Seq) bool {
	args, context := [5]uint64(r.Regs[1:6]), r.get(3)
	w, r0, fault := r.m.StartWalk(r.Prog, &args, r.Depth)
	if fault.Kind != vm.NoFault {
		r.stop(fault.Kind, fault.Addr)
		return false
	}
	if w == nil {
		r.set(0, value{r0, false})
		return false
	}
	first, ok := w.Next(r.m)
	if !ok {
		r.set(0, value{0, false})
		return false
	}
	if !r.push(rest) {
		return false
	}
	f := &r.frames[r.Depth-1]
	f.loop = loopState{active: true, callback: w.Callback, context: context, walk: w}
	r.element(f, first)
	return true
}

// element enters the callback with an element of the map.
func (r *run) element(f *frame, args [4]uint64) {
	for n, v := range args[:3] {
		r.set(uint8(n+1), value{v, false})
	}
	r.set(4, f.loop.context)
	r.Undef |= 0b11_1110_0001
	r.callback(f)
}

// nextElement decides, at the callback's exit, whether there is another element.
func (r *run) nextElement(f *frame) bool {
	f.loop.i = f.loop.walk.Done
	if r.decides(r.get(0)) {
		return false
	}
	args, ok := f.loop.walk.Next(r.m)
	if !ok {
		return false
	}
	r.Regs[10] = r.openFrame(r.Depth)
	r.element(f, args)
	return true
}
