package state

import "github.com/lockstep-ebpf/lockstep/internal/mutant"

// Dynptrs lie in two slots. Their bytes are [Object], and the Spill of each slot is a Reg
// of kind [Dynptr] with the same ID; that of the upper slot (the lower address) has First.
//
//	r10-16   O O O O O O O O    Spill {Dynptr, ID 7, First}
//	r10-8    O O O O O O O O    Spill {Dynptr, ID 7}
//
// Nothing reads or writes such bytes but helpers that are given the dynptr's address. What a
// dynptr gives out of its memory has its ID as Dyn, and ends with it.

// PutDynptr makes a dynptr of slot n and the one below it.
func (f *Frame) PutDynptr(n int, r Reg) {
	for i := range 2 {
		half := r
		half.First = i == 0
		slot := f.Slot(n - i)
		slot.Spill, slot.Node = &half, nil
		for b := range slot.Bytes {
			slot.Bytes[b] = Object
		}
		f.Objects |= 1 << (n - i)
	}
}

// DynptrAt is the dynptr that begins at slot n, or nil.
func (f *Frame) DynptrAt(n int) *Reg {
	if n < 1 || n >= len(f.Stack) {
		return nil
	}
	upper, lower := &f.Stack[n], &f.Stack[n-1]
	if upper.Bytes[0] != Object || lower.Bytes[0] != Object || upper.Spill.Kind != Dynptr || !upper.Spill.First || lower.Spill.ID != upper.Spill.ID {
		return nil
	}
	return upper.Spill
}

// DropDynptr ends the dynptr that begins at slot n: what was there is no longer known, nor is
// what lay in its memory: gone is put in its place.
func (s *State) DropDynptr(frame, n int, gone Reg) {
	f := s.Frames[frame]
	id := f.Stack[n].Spill.ID
	f.Stack[n], f.Stack[n-1] = Slot{}, Slot{}
	f.Objects &^= 3 << (n - 1)
	s.Each(func(r *Reg) bool {
		if r.Kind != Mem || r.Dyn != id || mutant.On(mutant.VerifierSliceOutlives) {
			return false
		}
		*r = gone
		return true
	})
}
