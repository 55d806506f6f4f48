package gen

import "github.com/lockstep-ebpf/lockstep/spec"

// kind is what a register holds.
type kind uint8

const (
	dead   kind = iota // nothing that may be read
	scalar             // a number
	ctxPtr             // the context, as it came
	memPtr             // bytes: stack, map value, packet
)

// trait is what is special about a memPtr.
type trait uint8

const (
	strict  trait = 1 << iota // Linux wants every access aligned: stack
	atomics                   // atomic operations are allowed: stack and map values
	rigid                     // only constants may be added: packet, whose check holds for one pointer
	fragile                   // a value of a hash map: a later update may take it away
)

// value describes what a register or a spill slot holds. Of a memPtr: the bytes
// lo to hi-1, counted from the pointer, may be read and written, and the pointer
// is phase modulo 1<<align.
type value struct {
	kind         kind
	trait        trait
	align, phase uint8
	lo, hi       int16
}

// spillSlots is how many slots of a frame are set apart for spills and counters.
const spillSlots = 4

// state is the shadow: what is known at one place of a program.
//
// Invariant: scal has the bit of every register whose kind is scalar, ptrs of
// every memPtr and ctxPtr; hot is a subset of scal.
type state struct {
	regs  [10]value
	scal  uint16
	ptrs  uint16
	hot   uint16            // scalars not yet passed on
	init  [8]uint64         // bytes of the frame with defined contents: bit i is r10-512+i
	spill [spillSlots]value // contents of the spill slots
	twin  bool              // the accumulator's value is elsewhere too: see absorb
}

func (s *state) set(r uint8, v value) {
	s.regs[r] = v
	bit := uint16(1) << r
	s.scal &^= bit
	s.ptrs &^= bit
	s.hot &^= bit
	switch v.kind {
	case scalar:
		s.scal |= bit
		s.hot |= bit
	case ctxPtr, memPtr:
		s.ptrs |= bit
	}
}

func (s *state) isHot(r uint8) bool    { return s.hot>>r&1 != 0 }
func (s *state) isScalar(r uint8) bool { return s.scal>>r&1 != 0 }

// clobber is what a call does.
func (s *state) clobber() {
	for r := uint8(0); r <= 5; r++ {
		s.set(r, value{})
	}
}

// meet keeps what holds in both states: the shadow where two paths join.
func (s *state) meet(o *state) {
	hot := s.hot | o.hot
	for r := range s.regs {
		if s.regs[r] != o.regs[r] {
			s.set(uint8(r), value{})
		}
	}
	s.hot = hot & s.scal
	s.twin = s.twin || o.twin
	for i := range s.init {
		s.init[i] &= o.init[i]
	}
	for i := range s.spill {
		if s.spill[i] != o.spill[i] {
			s.spill[i] = value{}
		}
	}
}

// dropFragile forgets the pointers to values of hash maps.
func (s *state) dropFragile() {
	for r := range s.regs {
		if s.regs[r].trait&fragile != 0 {
			s.set(uint8(r), value{})
		}
	}
	for i := range s.spill {
		if s.spill[i].trait&fragile != 0 {
			s.spill[i] = value{}
		}
	}
}

// mark notes that n bytes of the frame at off, below r10, hold defined data.
func (s *state) mark(off, n int) {
	for i := 512 + off; i < 512+off+n; i++ {
		s.init[i>>6] |= 1 << (i & 63)
	}
}

// marked reports whether all n bytes hold defined data.
func (s *state) marked(off, n int) bool {
	for i := 512 + off; i < 512+off+n; i++ {
		if s.init[i>>6]>>(i&63)&1 == 0 {
			return false
		}
	}
	return true
}

// sizeBits turns a number of bytes into the size bits of an opcode.
func sizeBits(n int) uint8 {
	switch n {
	case 1:
		return spec.SizeB
	case 2:
		return spec.SizeH
	case 4:
		return spec.SizeW
	}
	return spec.SizeDW
}
