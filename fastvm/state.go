package fastvm

import (
	"sync"
	"unsafe"

	"github.com/lockstep-ebpf/lockstep/vm"
	"github.com/lockstep-ebpf/lockstep/vm/mem"
)

// state is a run in progress.
//
// Invariant: between two entries of a loop, pc and steps are exact: pc is the
// instruction to execute next, or the one that the loop has left for; steps counts
// all that were started.
type state struct {
	// r has eleven registers. It is an array of 256 so that indexing it with a byte
	// needs no bounds check.
	r [256]uint64

	m            *vm.Machine
	inst         *instance
	data, shadow unsafe.Pointer // of the window, if there is one
	trusted      bool
	exact        bool
	careful      bool   // use the careful loop, whatever the mode
	pc           int    // a slot
	steps        uint64 // instructions started
	limit        uint64 // of steps, in bytes: times the size of an insn

	depth  int // the frame that runs
	opened int // frames 0 to opened-1 were opened in this run
	ready  int // frames 0 to ready-1 can be entered by the loop: in trusted mode those opened
	frames [mem.MaxFrames]frame

	args  [5]uint64 // of a helper: here, so that a call allocates nothing
	fault vm.Fault
}

// frame is what returning from a frame needs. Frame 0 uses only prog.
type frame struct {
	prog  int // program that runs in the frame's caller
	ret   int // slot to go on at
	saved [4]uint64
	loop  loop
}

// loop is the state of a bpf_loop, kept in the frame of its callback.
type loop struct {
	on       bool
	callback int // slot
	done, nr uint64
	ctx      uint64
	walk     *vm.Walk // of a bpf_for_each_map_elem
}

// leave is why a loop was left.
type leave uint8

const (
	leaveInsn  leave = iota // the instruction at pc is the driver's
	leaveFuel               // steps has passed the limit
	leaveFault              // fault has kind and address
)

// at records the place of an insn and the position that counts, for the driver.
func (s *state) at(i *insn, counted uint64) {
	s.pc = s.slot(i)
	s.steps = counted / size
}

// slot is the place of an insn.
func (s *state) slot(i *insn) int { return int((pos(i) - pos(&s.inst.code[0])) / size) }

var states = sync.Pool{New: func() any { return new(state) }}

// begin prepares a run of in on m.
func (s *state) begin(m *vm.Machine, in *instance) {
	s.m, s.inst = m, in
	s.data, s.shadow = m.Mem.Window()
	s.trusted, s.exact = m.Mode == vm.Trusted, m.ExactFuel
	s.careful = s.data == nil
	s.pc, s.steps, s.depth, s.opened, s.ready = 0, 0, 0, 0, 0
	s.fault = vm.Fault{}
	clear(s.r[:11])
	s.r[1], s.r[2] = m.R1, m.R2
	s.open(0)
	s.setLimit()
}

// setLimit says where the loop in use has to stop looking away; see Fuel in the
// package's comment. It depends on the program, so a change of program calls it.
func (s *state) setLimit() {
	const most = 1 << 59 // beyond this the limit in bytes would overflow
	fuel, slack := min(s.m.Fuel, most), uint64(len(s.inst.code))
	switch {
	case s.careful || !s.exact:
	case fuel <= slack:
		s.careful = true
	default:
		fuel -= slack
	}
	s.limit = fuel * size
}

// open makes frame n accessible and points r10 at it. A trusted run looks at no
// shadow bytes, so there once is enough: the machine has to know which frames to
// clear after the run.
func (s *state) open(n int) {
	if !s.trusted || n >= s.opened {
		s.r[10] = s.m.OpenFrame(n, mem.RW)
		s.opened = max(s.opened, n+1)
		if s.trusted {
			s.ready = s.opened
		}
		return
	}
	s.r[10] = s.frameTop(n)
}

// frameTop is r10 in frame n: frames stand FrameStride apart.
func (s *state) frameTop(n int) uint64 {
	return s.r[10] + uint64((n-s.depth)*mem.FrameStride)
}

// close makes frame n inaccessible again.
func (s *state) close(n int) {
	if !s.trusted {
		s.m.CloseFrame(n)
	}
}
