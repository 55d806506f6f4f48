package fastvm

import (
	"github.com/lockstep-ebpf/lockstep/internal/mutant"
	"github.com/lockstep-ebpf/lockstep/vm"
	"github.com/lockstep-ebpf/lockstep/vm/maps"
	"github.com/lockstep-ebpf/lockstep/vm/mem"
)

// callHelper calls helper imm with r1 to r5.
func (s *state) callHelper(i *insn) (next int, ok bool) {
	next = s.pc + 1
	h := s.m.World.Helper(int32(i.imm))
	if h == nil {
		return next, s.fail(vm.FaultTrap, i.imm)
	}
	switch h.Flow {
	case vm.TailCalls:
		return s.tailCall(next)
	case vm.Loops:
		return s.bpfLoop(next)
	}
	s.args = [5]uint64(s.r[1:6])
	r0, f := h.Call(s.m, &s.args)
	if f.Kind != vm.NoFault {
		s.fault = f
		return next, false
	}
	s.r[0] = r0
	return next, true
}

// callLocal enters the function at slot to in a new frame.
func (s *state) callLocal(to, ret int) (next int, ok bool) {
	n := s.depth + 1
	if n == mem.MaxFrames {
		return ret, s.fail(vm.FaultDepth, 0)
	}
	f := &s.frames[n]
	f.prog, f.ret, f.loop.on = s.inst.loaded.ID, ret, false
	f.saved = [4]uint64(s.r[6:10])
	s.open(n)
	s.depth = n
	return to, true
}

// exit returns from the function, into a further round of a bpf_loop or to the
// caller; or it ends the program.
func (s *state) exit() (next int) {
	if s.depth == 0 {
		return ended
	}
	f := &s.frames[s.depth]
	if f.loop.on {
		f.loop.done++
		if s.r[0] == 0 && f.loop.done < f.loop.nr {
			return s.callback(f)
		}
		s.r[0] = f.loop.done
	}
	if mutant.On(mutant.CalleeClobbersR6) {
		f.saved[0] = s.r[6]
	}
	copy(s.r[6:10], f.saved[:])
	s.r[10] = s.frameTop(s.depth - 1)
	s.close(s.depth)
	s.depth--
	s.enter(f.prog)
	return f.ret
}

// enter changes to another program of the World, if it is another.
func (s *state) enter(prog int) bool {
	if prog == s.inst.loaded.ID {
		return true
	}
	in, ok := s.m.World.Programs[prog].Instance.(*instance)
	if ok {
		s.inst = in
		s.setLimit()
	}
	return ok
}

// bpfLoop is helper 181: call the function at r2 up to r1 times with the index and
// r3, until it returns other than 0. r0 becomes the number of rounds.
func (s *state) bpfLoop(next int) (int, bool) {
	nr, flags := uint64(uint32(s.r[1])), s.r[4] // Linux's helper takes a u32
	to := s.inst.loaded.FuncAt(s.r[2])
	switch {
	case to < 0:
		return next, s.fail(vm.FaultHelper, s.r[2])
	case flags != 0:
		s.r[0] = vm.Errno(maps.EINVAL)
		return next, true
	case nr > vm.MaxLoops:
		s.r[0] = vm.Errno(maps.E2BIG)
		return next, true
	case nr == 0:
		s.r[0] = 0
		return next, true
	}
	ctx := s.r[3]
	if _, ok := s.callLocal(to, next); !ok {
		return next, false
	}
	f := &s.frames[s.depth]
	f.loop = loop{on: true, callback: to, nr: nr, ctx: ctx}
	return s.callback(f), true
}

// callback begins a round. A tail call in the round before may have changed the
// program, and a callee its r6 to r9; those are the callback's own business.
func (s *state) callback(f *frame) (next int) {
	s.enter(f.prog)
	s.r[1], s.r[2] = f.loop.done, f.loop.ctx
	return f.loop.callback
}

// tailCall is helper 12: go on in program r3 of the prog_array r2, in the same
// frame, with the caller's r1. Where that is not to be had, the call does nothing.
func (s *state) tailCall(next int) (int, bool) {
	x := s.m.World.MapAt(s.r[2])
	progs, ok := x.(maps.TailCaller)
	if !ok {
		return next, s.fail(vm.FaultHelper, s.r[2])
	}
	index := uint32(s.r[3])
	most := vm.MaxTailCalls
	if mutant.On(mutant.TailCallOffByOne) {
		most++
	}
	if index >= x.Spec().MaxEntries || s.m.TailCalls >= most {
		return next, true
	}
	prog, ok := progs.Program(index)
	if !ok || int(prog) >= len(s.m.World.Programs) || !s.enter(int(prog)) {
		return next, true
	}
	s.m.TailCalls++
	return 0, true
}
