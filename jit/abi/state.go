// Package abi is what the driver, the lowerings and the entry stub agree on: the
// layout of a run's state and the meaning of an exit.
package abi

import (
	"unsafe"

	"github.com/lockstep-ebpf/lockstep/vm/mem"
)

// State is what native code sees of a run. Whoever enters passes its address;
// native code takes the guest registers from it when it is entered, and puts them
// back when it leaves. It holds no Go pointers.
type State struct {
	Entry  uint64     // host address of the program's prologue: first, as in a Go closure
	Regs   [11]uint64 // r0 to r10, as the guest sees them
	Fuel   uint64     // instructions that native code may still charge in this slice
	Exit   uint64     // set when leaving: Reason<<ReasonShift | slot
	Resume uint64     // host address that the prologue jumps to
	Window uint64     // host address of guest byte 0
	Shadow uint64     // host address of its shadow byte
	Budget uint64     // of may_goto
	Maps   uint64     // host address of the Map records
	MapEnd uint64     // what they take of guest memory from mem.MapBase on
	Frame  uint64     // host address of the record in Frames of the function that runs
	Limit  uint64     // host address of the first record that native code may not enter
	Frames [mem.MaxFrames]Frame
}

// Map is what native code has to know of a map to look up elements by itself.
type Map struct {
	Base, Stride, Count uint32 // as in maps.Flat; Count 0: ask the driver
	_                   uint32
}

// Frame is what returning from a frame needs. Frame 0 has no caller.
type Frame struct {
	Return uint64    // native address to go on at; 0: the driver has to see the exit
	Slot   uint64    // the same place as a slot
	Open   uint64    // the frame's shadow says so; else it does not, though the frame is in use
	Saved  [4]uint64 // r6 to r9 of the caller
}

// Depth is the number of the frame that runs: 0 is the first function's.
func (s *State) Depth() int { return int((s.Frame - s.record(0)) / uint64(FrameSize)) }

// First reports whether the first function runs.
func (s *State) First() bool { return s.Frame == s.record(0) }

// Slot is that of the instruction at which native code has left; for a Helper, the number
// of the call.
func (s *State) Slot() int { return int(s.Exit & (1<<ReasonShift - 1)) }

// SetDepth makes frame n the one that runs.
func (s *State) SetDepth(n int) { s.Frame = s.record(n) }

// SetLimit lets native code enter frames below n.
func (s *State) SetLimit(n int) { s.Limit = s.record(0) + uint64(n)*uint64(FrameSize) }

func (s *State) record(n int) uint64 { return uint64(uintptr(unsafe.Pointer(&s.Frames[n]))) }

// Offsets of State's fields, for lowerings.
const (
	OffRegs   = int32(unsafe.Offsetof(State{}.Regs))
	OffFuel   = int32(unsafe.Offsetof(State{}.Fuel))
	OffExit   = int32(unsafe.Offsetof(State{}.Exit))
	OffWindow = int32(unsafe.Offsetof(State{}.Window))
	OffShadow = int32(unsafe.Offsetof(State{}.Shadow))
	OffEntry  = int32(unsafe.Offsetof(State{}.Entry))
	OffResume = int32(unsafe.Offsetof(State{}.Resume))
	OffBudget = int32(unsafe.Offsetof(State{}.Budget))
	OffMaps   = int32(unsafe.Offsetof(State{}.Maps))
	OffMapEnd = int32(unsafe.Offsetof(State{}.MapEnd))
	OffFrame  = int32(unsafe.Offsetof(State{}.Frame))
	OffLimit  = int32(unsafe.Offsetof(State{}.Limit))

	OffReturn = int32(unsafe.Offsetof(Frame{}.Return))
	OffSlot   = int32(unsafe.Offsetof(Frame{}.Slot))
	OffOpen   = int32(unsafe.Offsetof(Frame{}.Open))
	OffSaved  = int32(unsafe.Offsetof(Frame{}.Saved))
	OffBase   = int32(unsafe.Offsetof(Map{}.Base))
	OffStride = int32(unsafe.Offsetof(Map{}.Stride))
	OffCount  = int32(unsafe.Offsetof(Map{}.Count))
	MapSize   = int32(unsafe.Sizeof(Map{}))
	FrameSize = int32(unsafe.Sizeof(Frame{}))
)

// Reason is why native code left. The slot beside it is that of the instruction.
type Reason uint8

// Reasons.
const (
	Insn   Reason = iota // the driver carries out the instruction at slot
	Helper               // the same, for a call of a helper that returns: instead of the slot, which call it is
	Done                 // the first function returned
	Fuel                 // less fuel left than the block at slot charges; nothing of it was charged
)

// ReasonShift is where the reason stands in State.Exit. Slots are below it.
const ReasonShift = 24

// Leave makes an exit code.
func Leave(r Reason, slot int) int32 { return int32(r)<<ReasonShift | int32(slot) }
