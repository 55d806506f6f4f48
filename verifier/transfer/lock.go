package transfer

import (
	"github.com/lockstep-ebpf/lockstep/internal/mutant"
	"github.com/lockstep-ebpf/lockstep/verifier/release"
	"github.com/lockstep-ebpf/lockstep/verifier/state"
	"github.com/lockstep-ebpf/lockstep/vm/maps"
)

// Helpers that take and give a lock, and that have timers.
const (
	spinLock   = 93
	spinUnlock = 94
	timerInit  = 169
	timerSet   = 170
)

// untouched refuses what would touch a field of a map's values that is the kernel's
// (the second half of Linux's check_map_access).
func (m *Machine) untouched(r *state.Reg, n uint8, off, size int) *Failure {
	if r.Kind != state.MapValue || mutant.On(mutant.VerifierFieldTouched) {
		return nil
	}
	at := int64(off) + int64(r.Off)
	for _, f := range m.mapOf(r).Fields {
		if at+r.Num.S.Min < int64(f.Off+f.Kind.Size()) && int64(f.Off) < at+int64(r.Num.U.Max)+int64(size) {
			return failReg("kernel-field", n, r, "a place outside of it", "%s cannot be accessed directly by load/store", f.Kind)
		}
	}
	return nil
}

// fieldArgument checks that an argument is the address of a field in a map's value.
func (m *Machine) fieldArgument(s *state.State, c *called, a release.Arg, reg uint8, r *state.Reg, want func(bool, string) *Failure) *Failure {
	kind, place, name := maps.SpinLock, "bpf_spin_lock", "map_value, ptr_"
	if a.Kind == release.Timer {
		kind, place, name = maps.Timer, "bpf_timer", "map_value"
	}
	if f := want(r.Kind == state.MapValue && !r.Null, name); f != nil {
		return f
	}
	v, fixed := r.Num.Const()
	if !fixed {
		return failReg("field-moves", reg, r, "a constant offset", "R%d doesn't have constant offset. %s has to be at the constant offset", reg, place)
	}
	x := m.mapOf(r)
	at, has := x.Field(kind)
	switch {
	case !has && len(x.Fields) == 0:
		return failReg("no-field", reg, r, "a map with a "+place, "map '%s' has to have BTF in order to use %s", x.Name, place)
	case !has:
		return failReg("no-field", reg, r, "a map with a "+place, "map '%s' has no valid %s", x.Name, place)
	case int64(at) != int64(v)+int64(r.Off):
		return failReg("field-offset", reg, r, "the offset of the "+place, "off %d doesn't point to 'struct %s' that is at %d", int64(v)+int64(r.Off), place, at)
	}
	if a.Kind == release.Timer {
		c.the = r
		return nil
	}
	return m.lock(s, c, r)
}

// lock takes or gives a spin lock (Linux's process_spin_lock).
func (m *Machine) lock(s *state.State, c *called, r *state.Reg) *Failure {
	it := state.Lock{Held: true, Map: r.Map, ID: r.ID, Insn: s.PC}
	switch {
	case c.ID == spinLock && s.Lock.Held:
		return fail("lock-twice", "Locking two bpf_spin_locks are not allowed")
	case c.ID == spinLock:
		s.Lock = it
		return nil
	case !s.Lock.Held:
		return fail("unlock", "bpf_spin_unlock without taking a lock")
	case (s.Lock.Map != it.Map || s.Lock.ID != it.ID) && !mutant.On(mutant.VerifierOtherLock):
		return fail("unlock", "bpf_spin_unlock of different lock")
	}
	s.Lock = state.Lock{}
	return nil
}

// underLock refuses what may not be done while a lock is held.
func underLock(s *state.State, what string) *Failure {
	if !s.Lock.Held {
		return nil
	}
	f := fail("under-lock", "%s cannot be used inside bpf_spin_lock-ed region", what)
	f.Have, f.Need = "a lock that is held", "that it be given back before"
	return f
}

// hasLock reports whether an address is one of values that have a lock: then it keeps its ID,
// which tells the locks apart.
func (m *Machine) hasLock(r *state.Reg) bool {
	if r.Kind != state.MapValue {
		return false
	}
	x := m.mapOf(r)
	_, plain := x.Field(maps.SpinLock)
	_, resilient := x.Field(maps.ResSpinLock)
	return plain || resilient
}

// fieldsAllowed says whether programs of the type may have to do with maps that have locks or
// timers (a part of Linux's check_map_prog_compatibility).
func (m *Machine) fieldsAllowed(x *maps.Spec) *Failure {
	for _, of := range []struct {
		field  maps.FieldKind
		helper int32
	}{{maps.SpinLock, spinLock}, {maps.ResSpinLock, spinLock}, {maps.Timer, timerInit}} {
		if _, has := x.Field(of.field); !has {
			continue
		}
		if why := m.Release.Refused(of.helper, m.progType(), m.Attach); why != "" {
			return fail("map-field", "%s", why)
		}
	}
	return nil
}
