package state

import "github.com/lockstep-ebpf/lockstep/verifier/btf"

// Iterators of the open-coded kind lie in one slot or more. Their bytes are [Object], and the
// Spill of each slot is a Reg of kind [Iter] with the iterator's type; that of the slot at the
// lowest address has First, and the reference that the iterator is.
//
//	bpf_iter_num_new(&it, …)       O O O O O O O O    Spill {Iter, Type bpf_iter_num, Ref 3, First}
//	bpf_iter_num_next(&it)         gives a number's address, and the iterator stays as it is,
//	                               or gives 0, and it is Drained: each call of it forks
//	bpf_iter_num_destroy(&it)      the slots are bytes again
//
// That a loop with an iterator ends is not for the verifier to find out: the kernel's code ends
// it. So rounds of such loops are compared, and widened, until one brings nothing new.

// PutIter makes an iterator of n slots whose lowest address is slot at.
func (f *Frame) PutIter(at, n int, r Reg) {
	for i := range n {
		part := r
		if part.First = i == 0; !part.First {
			part.Ref = 0
		}
		slot := f.Slot(at - i)
		slot.Spill, slot.Node = &part, nil
		for b := range slot.Bytes {
			slot.Bytes[b] = Object
		}
	}
}

// IterAt is the iterator of a type and n slots whose lowest address is slot at, or nil.
func (f *Frame) IterAt(at, n int, t btf.ID) *Reg {
	if at >= len(f.Stack) || at-n+1 < 0 {
		return nil
	}
	for i := range n {
		slot := &f.Stack[at-i]
		if slot.Bytes[0] != Object || slot.Spill == nil || slot.Spill.Kind != Iter || slot.Spill.Type != t || slot.Spill.First != (i == 0) {
			return nil
		}
	}
	return f.Stack[at].Spill
}

// SetIter changes the iterator in a slot; copies of the state keep theirs.
func (f *Frame) SetIter(at int, change func(*Reg)) {
	r := *f.Stack[at].Spill
	change(&r)
	f.Stack[at].Spill = &r
}
