package state

// Callback is how a frame was entered, if it was not by a call.
type Callback uint8

// Ways to be called.
const (
	Called  Callback = iota
	ByLoop           // bpf_loop
	ByMap            // bpf_for_each_map_elem
	ByDrain          // bpf_user_ringbuf_drain
	ByVMA            // bpf_find_vma
	ByTimer          // bpf_timer_set_callback: some time later, on a stack of its own
)

// Frame is an active function.
type Frame struct {
	Regs     [11]Reg
	Stack    []Slot // slot i is the eight bytes at r10 − 8(i+1)
	Func     int    // its number in the program
	CallSite int    // the slot of the call in the frame below
	Callback Callback
	Rounds   uint32 // of the function that calls a callback: how often it did
	Objects  uint64 // slots that hold objects of the kernel's
	screened uint64 // slots written in full since the last checkpoint
}

// Edge is where control went from a conditional jump, a call or an exit.
type Edge struct {
	From, To int
	Prev     *Edge
}

// Ref is something that has to be given back.
type Ref struct {
	ID   uint32
	Insn int // where it was taken
}

// Lock is a spin lock that is held. Maps with one value have one lock, whose ID is 0.
type Lock struct {
	Held bool
	Map  int32 // the map that it is in
	ID   uint32
	Insn int // where it was taken
}

// State is what holds at a place of a path. Clone before changing what is shared.
type State struct {
	PC      int
	Frames  []*Frame
	Refs    []Ref
	Lock    Lock
	Async   int         // which callback that runs later this is the path of; 0: the program itself
	Parent  *Checkpoint // the last one on this path
	Trail   *Edge       // how the path came here
	Rounds  int         // of may_goto on this path
	Unrolls int         // of callbacks on this path
	Hidden  bool        // unwritten stack may not be read

	ReadLocks int // that are held, of RCU's: bpf_rcu_read_lock
}

// New is a state with one frame.
func New() *State {
	return &State{Frames: []*Frame{newFrame()}}
}

func newFrame() *Frame { return &Frame{screened: ^uint64(0)} }

// Go takes an edge.
func (s *State) Go(to int) {
	s.Trail = &Edge{From: s.PC, To: to, Prev: s.Trail}
	s.PC = to
}

// Frame is the frame on top.
func (s *State) Frame() *Frame { return s.Frames[len(s.Frames)-1] }

// Depth is the number of the frame on top.
func (s *State) Depth() int { return len(s.Frames) - 1 }

// Reg is a register of the frame on top.
func (s *State) Reg(n uint8) *Reg { return &s.Frame().Regs[n] }

// Push enters a function.
func (s *State) Push() *Frame {
	f := newFrame()
	s.Frames = append(s.Frames, f)
	return f
}

// Pop leaves it.
func (s *State) Pop() *Frame {
	f := s.Frame()
	s.Frames = s.Frames[:len(s.Frames)-1]
	return f
}

// Clone is a copy that shares nothing that is changed.
func (s *State) Clone() *State {
	c := *s
	frames := make([]Frame, len(s.Frames))
	c.Frames = make([]*Frame, len(s.Frames), len(s.Frames)+1)
	for i, f := range s.Frames {
		frames[i] = *f
		frames[i].Stack = append([]Slot(nil), f.Stack...)
		c.Frames[i] = &frames[i]
	}
	c.Refs = append([]Ref(nil), s.Refs...)
	return &c
}

// Slot is a slot of a frame, for writing. The stack grows to it.
func (f *Frame) Slot(i int) *Slot {
	for len(f.Stack) <= i {
		f.Stack = append(f.Stack, Slot{})
	}
	return &f.Stack[i]
}

// At is what a slot of a frame holds, written or not.
func (f *Frame) At(i int) Slot {
	if i < len(f.Stack) {
		return f.Stack[i]
	}
	return Slot{}
}

// Each visits every register and every spilled one of a state. What change returns true
// for has been changed; spilled registers are replaced, for others may share them.
func (s *State) Each(change func(r *Reg) bool) {
	for _, f := range s.Frames {
		for i := range f.Regs {
			if f.Regs[i].Kind != NotInit {
				change(&f.Regs[i])
			}
		}
		for i := range f.Stack {
			slot := &f.Stack[i]
			if slot.Spill == nil {
				continue
			}
			r := *slot.Spill
			r.Node = slot.Node
			if change(&r) {
				slot.Node, r.Node = r.Node, nil
				slot.Spill = &r
			}
		}
	}
}

// Reads says that slots of a frame are read here: bit i of mask is slot i. Every
// checkpoint back to where they were written learns that it matters what they held. It
// reports whether one did not know.
func (s *State) Reads(frame int, mask uint64) (news bool) {
	mask &^= s.Frames[frame].screened
	for cp := s.Parent; cp != nil && mask != 0 && frame < len(cp.read); cp = cp.Parent {
		mask &^= cp.read[frame]
		news = news || mask != 0
		cp.read[frame] |= mask
		mask &^= cp.screened[frame]
	}
	return news
}

// Writes says that a slot is overwritten in full.
func (s *State) Writes(frame, slot int) { s.Frames[frame].screened |= 1 << slot }
