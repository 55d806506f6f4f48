package transfer

import (
	"fmt"
	"strings"

	"github.com/lockstep-ebpf/lockstep/internal/mutant"
	"github.com/lockstep-ebpf/lockstep/verifier/btf"
	"github.com/lockstep-ebpf/lockstep/verifier/release"
	"github.com/lockstep-ebpf/lockstep/verifier/state"
	"github.com/lockstep-ebpf/lockstep/vm/hook"
	"github.com/lockstep-ebpf/lockstep/vm/maps"
)

// Helpers that have rules of their own.
const (
	mapLookup      = 1
	tailCall       = 12
	loop           = 181
	processorID    = 8
	ringbufReserve = 131
)

// called is what is known of a call while its arguments are looked at.
type called struct {
	*release.Helper
	the    *state.Reg // the map
	size   uint32     // of the memory that is asked for
	fn     int        // the callback
	ref    uint32     // what is released
	perCPU btf.ID     // the type of a variable that each CPU has
	with   uint32     // the reference that an argument is valid with

	dynptr state.Reg // that is an argument
	ends   *dynptrAt // that ends with the call
}

// offered finds a helper that programs of the type may call.
func (m *Machine) offered(id int32) (*release.Helper, *Failure) {
	h, known := m.Release.HelperFor(id, m.progType(), m.Attach)
	if !known && m.iteratorAllows(id) {
		h, known = m.Release.IteratorHelper(id)
	}
	switch {
	case !m.Release.Exists(id):
		return nil, fail("helper-unknown", "invalid func unknown#%d", id)
	case !m.Release.Allowed(id, m.progType(), m.Attach) && !m.iteratorAllows(id):
		name := "unknown"
		if known {
			name = "bpf_" + h.Name
		}
		return nil, fail("helper-denied", "program of this type cannot use helper %s#%d", name, id)
	case !known:
		return nil, unsupported("helper %d", id)
	case h.Has(release.Sleepable) && m.Type != hook.Syscall && !m.sleeps():
		return nil, fail("helper-sleeps", "helper call might sleep in a non-sleepable prog")
	}
	return h, m.mayCall(h)
}

// helper calls a function of the kernel's.
func (m *Machine) helper(s *state.State, id int32) (Effect, *Failure) {
	h, f := m.offered(id)
	if f != nil {
		return Effect{}, f
	}
	c := &called{Helper: h, fn: -1}
	if f := m.arguments(s, c); f != nil {
		return Effect{}, f
	}
	var e Effect
	switch {
	case c.fn >= 0:
		e.Fork, f = m.callBack(s, c)
	case id == tailCall && s.Depth() > 0 && !m.unsound(release.TailCallReturns):
		e.Fork = m.tailCalled(s)
	}
	if f != nil {
		return Effect{}, f
	}
	if f := m.finish(s, c); f != nil {
		return Effect{}, f
	}
	s.PC++
	return e, nil
}

// arguments checks what a call is given, each by itself and then together.
func (m *Machine) arguments(s *state.State, c *called) *Failure {
	for n := range c.Args {
		if f := m.argument(s, c, n); f != nil {
			return f
		}
	}
	if f := m.mapFits(c); f != nil {
		return f
	}
	if f := m.writesReadOnly(s, c); f != nil {
		return f
	}
	if why := m.Release.Refused(c.ID, m.progType(), m.Attach); why != "" {
		if strings.HasSuffix(why, "program type") {
			why = fmt.Sprintf("func %s %s %d", c, why, m.progType())
		}
		return fail("helper-refused", "%s", why)
	}
	return m.special(s, c)
}

// finish is what a call leaves.
func (m *Machine) finish(s *state.State, c *called) *Failure {
	if f := m.writeOut(s, c); f != nil {
		return f
	}
	the := state.Reg{}
	if c.the != nil {
		the = *c.the
	}
	never := c.ID == mapLookup && m.keyIsThere(s, &the)
	if c.ref != 0 {
		m.release(s, c.ref)
	}
	if c.ends != nil {
		m.endDynptr(s, c.ends)
	}
	most, acquires := m.mostRead(s, c), c.acquires(m)
	if c.Has(release.ChangesPacket) {
		m.forgetPackets(s)
	}
	clobber(s.Frame())
	if mutant.On(mutant.VerifierHelperKeepsR1) {
		*s.Reg(1) = state.Unknown()
	}
	return m.result(s, c, &the, outcome{never, acquires, most})
}

// release ends a reference: what was valid with it is some number now.
func (m *Machine) release(s *state.State, ref uint32) {
	s.Refs = dropRef(s.Refs, ref)
	if mutant.On(mutant.VerifierReleasedStays) {
		return
	}
	s.Each(func(r *state.Reg) bool {
		if r.Ref != ref || r.Kind == state.Dynptr {
			return false
		}
		*r = m.gone()
		return true
	})
}

// gone is what an address that is no longer valid leaves: some number, which only those who may
// see addresses can read (Linux's mark_reg_invalid).
func (m *Machine) gone() state.Reg {
	if m.may(release.Perfmon) {
		return state.Unknown()
	}
	return state.Reg{}
}

// writeOut marks what the helper writes.
func (m *Machine) writeOut(s *state.State, c *called) *Failure {
	for n, a := range c.Args {
		if a.Access == release.In {
			continue
		}
		r := s.Reg(uint8(n + 1))
		if r.Kind != state.Stack {
			continue
		}
		size := m.sizeOf(s, c, n)
		if size > 0 {
			at, _ := r.Num.Const()
			low := int(r.Off) + int(int64(at))
			p := span{int(r.Frame), low, low, size}
			if f := m.overwrites(s, p); f != nil {
				return f
			}
			m.stackForHelper(s, p, true)
		}
	}
	return nil
}

// sizeOf is how many bytes argument n has at most, as the call's arguments say.
func (m *Machine) sizeOf(s *state.State, c *called, n int) int {
	switch a := c.Args[n]; a.Kind {
	case release.FixedMem:
		return int(a.Size)
	case release.MapValue:
		return int(m.mapOf(c.the).ValueSize)
	case release.Mem:
		return int(s.Reg(uint8(n + 2)).Num.U.Max)
	}
	return 0
}

// keyIsThere reports whether a lookup in an array cannot fail: its key is a constant below
// the number of elements (Linux's get_constant_map_key).
func (m *Machine) keyIsThere(s *state.State, the *state.Reg) bool {
	x, key := m.mapOf(the), s.Reg(2)
	if x.Type != maps.Array && x.Type != maps.PerCPUArray || !m.Release.Has(release.ConstKeyNonNull) || key.Kind != state.Stack {
		return false
	}
	at, fixed := key.Num.Const()
	off := int(key.Off) + int(int64(at))
	if !fixed || off >= 0 || off < -state.FrameSize {
		return false
	}
	n, b := cell(off)
	slot := s.Frames[key.Frame].At(n)
	v := uint64(0)
	if width := slot.Width(); b == 0 && width == 4 && slot.Spill.Kind == state.Scalar {
		c, ok := slot.Spill.Num.Const()
		if !ok {
			return false
		}
		v = uint64(uint32(c))
		if !mutant.On(mutant.VerifierKeyNotDemanded) {
			slot.Node.Demand()
		}
	} else if b == 4 && slot.Width() == 8 && slot.Spill.Kind == state.Scalar { // half of a number that is small
		c, ok := slot.Spill.Num.Const()
		if !ok {
			return false
		}
		v = c
		slot.Node.Demand()
	} else if b > 4 || slot.Bytes[b] != state.Zero || slot.Bytes[b+1] != state.Zero || slot.Bytes[b+2] != state.Zero || slot.Bytes[b+3] != state.Zero {
		return false
	}
	s.Reads(int(key.Frame), 1<<n)
	return v < uint64(x.MaxEntries) || mutant.On(mutant.VerifierKeyAlwaysThere)
}

func (c *called) String() string { return fmt.Sprintf("bpf_%s#%d", c.Name, c.ID) }
