package state

import "github.com/lockstep-ebpf/lockstep/verifier/num"

// Byte is what a byte of the stack holds.
type Byte uint8

// Kinds of byte.
const (
	Unwritten Byte = iota
	Misc           // some number
	Zero
	Spilled // part of Slot.Spill
	Object  // part of an object of the kernel's, which Slot.Spill describes: see dynptr.go
)

// Slots is how many slots a frame has, and FrameSize their size in bytes together
// (MAX_BPF_STACK).
const (
	Slots     = 64
	FrameSize = 8 * Slots
)

// Slot is eight bytes of stack; Bytes are in the order of addresses. A register that was
// spilled in whole or in its lower part takes the first bytes. Spill is not changed once it
// is there: copies of a state share it.
//
//	*(u32 *)(r10 - 8) = r1      Bytes  S S S S M M M M     Spill  r1, as 32 bits
type Slot struct {
	Bytes [8]Byte
	Spill *Reg
	Node  *Node // of Spill; its own is not used
}

// Width is how many bytes of the slot are the spilled register's.
func (s *Slot) Width() int {
	if s.Spill == nil {
		return 0
	}
	n := 0
	for n < 8 && s.Bytes[n] == Spilled {
		n++
	}
	return n
}

// Value is the number in the slot, whatever way it got there; ok is false if it is none.
func (s *Slot) Value() (r Reg, ok bool) {
	switch w := s.Width(); {
	case w == 8 && s.Spill.Kind != Scalar, s.Bytes[0] == Object:
		return Reg{}, false
	case w == 8:
		r = *s.Spill
		r.Node = s.Node
		return r, true
	}
	if s.Bytes == [8]Byte{Zero, Zero, Zero, Zero, Zero, Zero, Zero, Zero} {
		return Const(0), true
	}
	return Number(num.W64.Unknown()), true
}

// Scrub makes plain bytes of what is left of a spilled register.
func (s *Slot) Scrub() {
	for i, b := range s.Bytes {
		if b == Spilled {
			s.Bytes[i] = Misc
		}
	}
	s.Spill, s.Node = nil, nil
}

// Save spills a register, or the lower part of a number.
func (s *Slot) Save(r *Reg, size int) {
	spill := *r
	spill.Node = nil
	s.Spill, s.Node = &spill, r.Node
	for i := range s.Bytes {
		switch {
		case i < size:
			s.Bytes[i] = Spilled
		case s.Bytes[i] == Spilled || s.Bytes[i] == Unwritten:
			s.Bytes[i] = Misc
		}
	}
}
