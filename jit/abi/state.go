// Package abi is what the driver, the lowerings and the entry stubs agree on: the
// layout of a run's state and the meaning of an exit.
package abi

import (
	"unsafe"

	"github.com/lockstep-ebpf/lockstep/vm/mem"
)

// State is what native code sees of a run. The entry stub passes its address;
// native code takes the guest registers from it when it is entered, and puts them
// back when it leaves. It holds no Go pointers.
type State struct {
	Regs   [11]uint64 // r0 to r10, as the guest sees them
	Fuel   uint64     // instructions that native code may still charge in this slice
	Exit   uint64     // set when leaving: Reason<<ReasonShift | slot
	Window uint64     // host address of guest byte 0
	Shadow uint64     // host address of its shadow byte
	Entry  uint64     // host address of the program's prologue
	Resume uint64     // host address that the prologue jumps to
	Budget uint64     // of may_goto
	Frame  uint64     // host address of the Frame record of the running function
	Depth  uint32     // frame that runs: 0 is the first function's
	Opened uint32     // frames that native code may enter without asking
	Frames [mem.MaxFrames]Frame
}

// Frame is what returning from a frame needs. Frame 0 has no caller.
type Frame struct {
	Return uint64    // native address to go on at; 0: the driver has to see the exit
	Saved  [4]uint64 // r6 to r9 of the caller
}

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
	OffFrame  = int32(unsafe.Offsetof(State{}.Frame))
	OffDepth  = int32(unsafe.Offsetof(State{}.Depth))
	OffOpened = int32(unsafe.Offsetof(State{}.Opened))

	OffReturn = int32(unsafe.Offsetof(Frame{}.Return))
	OffSaved  = int32(unsafe.Offsetof(Frame{}.Saved))
	FrameSize = int32(unsafe.Sizeof(Frame{}))
)

// Reason is why native code left. The slot beside it is that of the instruction.
type Reason uint8

// Reasons.
const (
	Insn Reason = iota // the driver carries out the instruction at slot
	Done               // the first function returned
	Fuel               // less fuel left than the block at slot charges; nothing of it was charged
)

// ReasonShift is where the reason stands in State.Exit. Slots are below it.
const ReasonShift = 24

// Leave makes an exit code.
func Leave(r Reason, slot int) int32 { return int32(r)<<ReasonShift | int32(slot) }
