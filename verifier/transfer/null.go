package transfer

import (
	"github.com/lockstep-ebpf/lockstep/internal/mutant"
	"github.com/lockstep-ebpf/lockstep/verifier/num"
	"github.com/lockstep-ebpf/lockstep/verifier/release"
	"github.com/lockstep-ebpf/lockstep/verifier/state"
	"github.com/lockstep-ebpf/lockstep/vm/maps"
)

// notNull reports whether an address is known not to be 0, as Linux's reg_not_null does.
func notNull(r *state.Reg) bool {
	switch r.Kind {
	case state.MapValue, state.Map, state.Mem, state.MapKey, state.SockCommon, state.Sock, state.TCPSock:
		return !r.Null
	}
	return r.Firm()
}

// nullChecked tells all copies of an address whether it is 0.
func (m *Machine) nullChecked(s *state.State, id uint32, null bool) {
	ref := uint32(0)
	s.Each(func(r *state.Reg) bool {
		if !r.Null || r.ID != id {
			return false
		}
		if r.Ref == id || r.Ref != 0 && mutant.On(mutant.VerifierCastNullReleases) { // not what was made of it
			ref = r.Ref
		}
		if null {
			*r = state.Const(0)
			return true
		}
		r.Null = false
		if r.Kind == state.MapValue && holdsMaps(m.mapOf(r).Type) {
			*r = state.Reg{Kind: state.Map, Map: r.Map, Inner: true, UID: r.ID}
			return true
		}
		if r.Kind == state.MapValue {
			switch t := m.mapOf(r).Type; {
			case t == maps.XSKMap:
				*r = state.Reg{Kind: state.XDPSock}
			case ofSockets(t):
				*r = state.Reg{Kind: state.Sock, Ref: r.Ref}
			}
		}
		if !m.hasLock(r) {
			r.ID = 0
		}
		return true
	})
	if null && ref != 0 {
		s.Refs = dropRef(s.Refs, ref)
	}
}

func holdsMaps(t maps.Type) bool { return t == maps.ArrayOfMaps || t == maps.HashOfMaps }

func dropRef(refs []state.Ref, id uint32) []state.Ref {
	for i := range refs {
		if refs[i].ID == id {
			return append(refs[:i:i], refs[i+1:]...)
		}
	}
	return refs
}

// assumePointers narrows a state by a comparison of two addresses.
func (m *Machine) assumePointers(s *state.State, c num.Cond, x, y *state.Reg) {
	if comparePacket(s, c, *x, *y) {
		return
	}
	if c == num.Eq && x.Null != y.Null && m.sharp(release.NullEqual) { // equal to one that is not 0
		maybe := x
		other := y
		if y.Null {
			maybe, other = y, x
		}
		if notNull(other) {
			m.nullChecked(s, maybe.ID, false)
		}
	}
}
