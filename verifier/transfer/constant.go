package transfer

import (
	"github.com/lockstep-ebpf/lockstep/verifier/num"
	"github.com/lockstep-ebpf/lockstep/verifier/state"
	"github.com/lockstep-ebpf/lockstep/vm/maps"
)

// constant is what a load finds in a map whose contents nobody can change any more: an
// array of one element, frozen and read-only for programs, at a known offset. That the load
// lies within the value has been checked (Linux's bpf_map_direct_read).
//
//	.rodata   05 00 00 00      r1 = *(u32 *)(r2 + 0)      r1 = 5, so `if r1 > 4` is decided
//
// An inner map is not known before the program runs. Arrays of several elements have no
// contents that Linux can look up, but it tries to, and does not load the program.
func (m *Machine) constant(r *state.Reg, a *access) (x num.Scalar, known bool, f *Failure) {
	if r.Kind != state.MapValue || r.Inner || a.write {
		return x, false, nil
	}
	at, fixed := r.Num.Const()
	array := m.Maps[r.Map]
	switch {
	case !fixed || array.Type != maps.Array || !array.Frozen || array.Flags&maps.ReadOnly == 0:
		return x, false, nil
	case array.MaxEntries != 1:
		return x, false, failReg("frozen-array", a.reg, r, "an array of one element, or an offset that is not known",
			"a load from a frozen array of %d elements (ENOTSUPP, without a word in the log)", array.MaxEntries)
	}
	var value []byte // without an entry all bytes are 0
	var undef []bool
	for _, e := range array.Entries {
		value, undef = e.Value, e.Undef
	}
	off := int64(at) + int64(r.Off) + int64(a.off)
	var bytes [8]byte
	for i := range a.size {
		p := int(off) + i
		if p < len(undef) && undef[p] {
			return x, false, nil
		}
		if p < len(value) {
			bytes[i] = value[p]
		}
	}
	return w.Const(m.number(bytes[:a.size])), true, nil
}

// number reads bytes in the program's order.
func (m *Machine) number(b []byte) uint64 {
	o := m.Order.Binary()
	switch len(b) {
	case 1:
		return uint64(b[0])
	case 2:
		return uint64(o.Uint16(b))
	case 4:
		return uint64(o.Uint32(b))
	}
	return o.Uint64(b)
}
