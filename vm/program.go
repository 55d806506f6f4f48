package vm

import (
	"fmt"
	"slices"

	"github.com/lockstep-ebpf/lockstep/spec"
	"github.com/lockstep-ebpf/lockstep/vm/hook"
)

// Program is the blueprint of a program.
//
// Maps and programs are named by number: the Imm of an LDDW with source MapFD or
// MapValue is an index into the World's maps, a value in a prog_array an index
// into its programs, both in order of creation.
type Program struct {
	Name  string
	Type  hook.Type
	Order spec.ByteOrder
	Insns []spec.Insn
	Lines []Line // by slot, ascending; nil: it is not known where instructions come from
	// License decides whether a verifier lets the program call helpers that want the GPL; engines
	// do not look at it. Empty: nobody said, and it passes for GPL.
	License string
}

// NoLicense is the licence of an object that names none.
const NoLicense = "none"

// GPLCompatible reports whether Linux takes the licence for one that goes with the GPL's
// (license_is_gpl_compatible in include/linux/license.h).
func (p *Program) GPLCompatible() bool {
	switch p.License {
	case "", "GPL", "GPL v2", "GPL and additional rights", "Dual BSD/GPL", "Dual MIT/GPL", "Dual MPL/GPL":
		return true
	}
	return false
}

// Line says which line of source the instructions from a slot on were compiled from, as
// line_info in an object's .BTF.ext does.
type Line struct {
	Slot         int
	File         string
	Line, Column int
	Text         string // of the line, without its indentation
}

// Line is where the instruction at a slot comes from, or nil.
func (p *Program) Line(slot int) *Line {
	n, found := slices.BinarySearchFunc(p.Lines, slot, func(l Line, slot int) int { return l.Slot - slot })
	if !found {
		n--
	}
	if n < 0 {
		return nil
	}
	return &p.Lines[n]
}

// Loaded is a program that has passed Check, resolved against a World. Engines
// rely on what Check promises: every slot decodes, every jump and call lands on an
// instruction of its own function or on the start of one, no function runs off its
// end.
type Loaded struct {
	*Program
	World    *World
	ID       int   // its number in the World
	Funcs    []int // where functions start, ascending; the first is 0
	Aux      []InsnAux
	Instance Instance // what the engine made of it
	codeBase uint32
}

// InsnAux is what loading knows of an instruction beyond its fields.
type InsnAux struct {
	Value uint64 // of an LDDW: the constant, or the guest address that it names
	Flags AuxFlags
}

// AuxFlags say how an access is meant.
type AuxFlags uint8

// Flags of an access.
const (
	AuxProbe AuxFlags = 1 << iota // reads 0 instead of faulting (BTF pointers)
	AuxArena                      // the address is an arena's: masked to 32 bits
)

// codeStride is the distance between the guest addresses of two slots of code.
const codeStride = 8

// FuncAddress is the guest address that stands for the function at a slot.
func (l *Loaded) FuncAddress(slot int) uint64 {
	return uint64(l.codeBase) + uint64(slot)*codeStride
}

// FuncAt is the slot of the function that a guest address stands for, or -1.
func (l *Loaded) FuncAt(addr uint64) int {
	off := addr - uint64(l.codeBase)
	if off%codeStride != 0 {
		return -1
	}
	for _, f := range l.Funcs {
		if off/codeStride == uint64(f) {
			return f
		}
	}
	return -1
}

// Rejected is why a program was not loaded.
type Rejected struct {
	Insn   int // the slot, or -1
	Reason string
}

func (r *Rejected) Error() string {
	if r.Insn < 0 {
		return r.Reason
	}
	return fmt.Sprintf("insn %d: %s", r.Insn, r.Reason)
}

// Unsupported is what an engine or a target cannot do. It is never a verdict on
// the program.
type Unsupported struct{ What string }

func (u *Unsupported) Error() string { return "unsupported: " + u.What }
