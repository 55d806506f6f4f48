package render

import (
	"github.com/lockstep-ebpf/lockstep/spec"
	"github.com/lockstep-ebpf/lockstep/verifier"
	"github.com/lockstep-ebpf/lockstep/verifier/state"
	"github.com/lockstep-ebpf/lockstep/verifier/transfer"
)

// place is where a value is kept: a register of a frame, or a slot of its stack.
type place struct {
	frame int
	stack bool
	n     int
}

// change is a place that holds something else behind an instruction than in front of it.
type change struct {
	place
	after state.Reg // of a slot: what was spilled there; NotInit: plain bytes
}

// step is an instruction of a path. Paths share their beginnings.
type step struct {
	prev    *step
	pc      int
	depth   int
	access  place // the slot that it loads or stores, if it is one
	stack   bool  // it is
	changes []change
}

// history keeps what each instruction changed, along the path that is being followed and
// those that wait. It is a listener.
//
//	step 0 ── 1 ── 2 ── 3 ── 4     the path
//	               └─── 3'         waits: its instruction is the same, what it changed is not
type history struct {
	want  int // the program that is asked about
	prog  int
	m     *transfer.Machine
	last  *step
	heads map[*state.State]*step
	snap  snapshot // what was held in front of last
}

// snapshot is what all places hold.
type snapshot struct {
	regs  [][11]state.Reg
	slots [][]state.Slot
}

func (h *history) trace() *verifier.Trace {
	return &verifier.Trace{Begin: h.begin, Insn: h.insn, Fork: h.fork, Covered: h.covered, Resume: h.resume}
}

func (h *history) begin(prog int, m *transfer.Machine) {
	h.prog, h.m, h.last, h.heads, h.snap = prog, m, nil, map[*state.State]*step{}, snapshot{}
}

func (h *history) insn(s *state.State) {
	if h.prog != h.want {
		return
	}
	h.settle(s)
	next := &step{prev: h.last, pc: s.PC, depth: s.Depth()}
	if frame, mask, fixed := h.m.StackSlots(s); mask != 0 && fixed {
		next.stack, next.access = true, place{frame, true, firstBit(mask)}
	}
	h.last = next
}

// settle notes what the last instruction changed, and remembers what is held now.
func (h *history) settle(s *state.State) {
	if h.last == nil {
		h.last = &step{pc: -1}
	}
	h.last.changes = append(h.last.changes, h.snap.diff(s)...)
	h.snap.take(s)
}

func (h *history) fork(_, later *state.State) { h.keep(later) }

// covered keeps the path if it may have to go on after all.
func (h *history) covered(s *state.State, by *state.Checkpoint) {
	if by.Open() {
		h.keep(s)
	}
}

// keep puts the path to a state aside, with what the last instruction made for this way.
func (h *history) keep(s *state.State) {
	if h.prog == h.want && h.last != nil {
		was := h.last
		h.heads[s] = &step{was.prev, was.pc, was.depth, was.access, was.stack, h.snap.diff(s)}
	}
}

func (h *history) resume(s *state.State) {
	if h.prog != h.want {
		return
	}
	if h.last = h.heads[s]; h.last == nil { // a global function is entered
		h.snap = snapshot{}
		return
	}
	delete(h.heads, s)
	h.snap.take(s)
}

func firstBit(mask uint64) (n int) {
	for ; mask&1 == 0; mask >>= 1 {
		n++
	}
	return n
}

// take remembers a state.
func (x *snapshot) take(s *state.State) {
	x.regs, x.slots = x.regs[:0], x.slots[:min(len(x.slots), len(s.Frames))]
	for i, f := range s.Frames {
		x.regs = append(x.regs, f.Regs)
		if i == len(x.slots) {
			x.slots = append(x.slots, nil)
		}
		x.slots[i] = append(x.slots[i][:0], f.Stack...)
	}
}

// diff is where a state differs from the one remembered.
func (x *snapshot) diff(s *state.State) (list []change) {
	for i, f := range s.Frames {
		for n := range f.Regs {
			var was state.Reg
			if i < len(x.regs) {
				was = x.regs[i][n]
			}
			if now := f.Regs[n]; !same(&was, &now) {
				list = append(list, change{place{i, false, n}, now})
			}
		}
		for n := range f.Stack {
			var was state.Slot
			if i < len(x.slots) && n < len(x.slots[i]) {
				was = x.slots[i][n]
			}
			if now := &f.Stack[n]; was.Bytes != now.Bytes || !same(held(&was), held(now)) {
				list = append(list, change{place{i, true, n}, *held(now)})
			}
		}
	}
	for i := len(s.Frames); i < len(x.regs); i++ { // a frame that was left: the next one there begins anew
		for n := range x.regs[i] {
			if x.regs[i][n].Kind != state.NotInit {
				list = append(list, change{place: place{i, false, n}})
			}
		}
		for n := range x.slots[i] {
			list = append(list, change{place: place{i, true, n}})
		}
	}
	return list
}

// held is the register in a slot.
func held(slot *state.Slot) *state.Reg {
	if slot.Spill == nil {
		return &state.Reg{}
	}
	return slot.Spill
}

// same compares what is known of two registers, not what it was made from.
func same(a, b *state.Reg) bool {
	x, y := *a, *b
	x.Node, y.Node = nil, nil
	return x == y
}

// find is the last step up to st that changed a place, and what it holds since.
func find(st *step, at place) (*step, *state.Reg) {
	for ; st != nil; st = st.prev {
		for i := range st.changes {
			if st.changes[i].place == at {
				return st, &st.changes[i].after
			}
		}
	}
	return nil, nil
}

// origin is the place that an instruction took its result from, if it is a copy; or its own
// first operand.
func origin(insns []spec.Insn, st *step, at place) (from place, copied, ok bool) {
	if st.pc < 0 {
		return place{}, false, false
	}
	i := insns[st.pc]
	reg := func(frame int, n uint8) place { return place{frame, false, int(n)} }
	switch class := i.Class(); {
	case i.Op == spec.CALL && i.Src == spec.CallLocal && at.frame == st.depth+1 && !at.stack:
		return reg(st.depth, uint8(at.n)), true, at.n >= 1 && at.n <= 5
	case i.Op == spec.EXIT && at.frame == st.depth-1 && at == reg(at.frame, 0):
		return reg(st.depth, 0), true, true
	case i.Op == spec.CALL, class == spec.ClassLD:
		return place{}, false, false
	case class == spec.ClassLDX:
		return st.access, true, st.stack
	case class == spec.ClassSTX && at.stack:
		return reg(st.depth, i.Src), true, st.stack && st.access == at
	case (class == spec.ClassALU || class == spec.ClassALU64) && i.Op&0xf0 == spec.OpMOV:
		return reg(st.depth, i.Src), true, i.Op&spec.SrcX != 0
	case class == spec.ClassALU, class == spec.ClassALU64:
		return at, false, at == reg(st.depth, i.Dst)
	case class == spec.ClassJMP, class == spec.ClassJMP32: // a comparison has taught something
		return at, false, true
	}
	return place{}, false, false
}
