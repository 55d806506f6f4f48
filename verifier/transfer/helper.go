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

// helper calls a function of the kernel's.
func (m *Machine) helper(s *state.State, id int32) (Effect, *Failure) {
	h, known := m.Release.HelperFor(id, m.progType(), m.Attach)
	if !known && m.iteratorAllows(id) {
		h, known = m.Release.IteratorHelper(id)
	}
	switch {
	case !m.Release.Exists(id):
		return Effect{}, fail("helper-unknown", "invalid func unknown#%d", id)
	case !m.Release.Allowed(id, m.progType(), m.Attach) && !m.iteratorAllows(id):
		name := "unknown"
		if known {
			name = "bpf_" + h.Name
		}
		return Effect{}, fail("helper-denied", "program of this type cannot use helper %s#%d", name, id)
	case !known:
		return Effect{}, unsupported("helper %d", id)
	case h.Has(release.Sleepable) && m.Type != hook.Syscall && !m.sleeps():
		return Effect{}, fail("helper-sleeps", "helper call might sleep in a non-sleepable prog")
	}
	if f := m.mayCall(h); f != nil {
		return Effect{}, f
	}
	c := &called{Helper: h, fn: -1}
	for n := range h.Args {
		if f := m.argument(s, c, n); f != nil {
			return Effect{}, f
		}
	}
	if f := m.mapFits(c); f != nil {
		return Effect{}, f
	}
	if f := m.writesReadOnly(s, c); f != nil {
		return Effect{}, f
	}
	if id == tailCall {
		if f := underLock(s, "tail_call"); f != nil {
			return Effect{}, f
		}
		if len(s.Refs) > 0 {
			return Effect{}, leak(s, "tail_call would lead to reference leak")
		}
	}
	if why := m.Release.Refused(id, m.progType(), m.Attach); why != "" {
		if strings.HasSuffix(why, "program type") {
			why = fmt.Sprintf("func %s %s %d", c, why, m.progType())
		}
		return Effect{}, fail("helper-refused", "%s", why)
	}
	if f := m.special(s, c); f != nil {
		return Effect{}, f
	}
	var e Effect
	if c.fn >= 0 {
		var f *Failure
		if e.Fork, f = m.callBack(s, c); f != nil {
			return Effect{}, f
		}
	}
	if id == tailCall && s.Depth() > 0 && !m.unsound(release.TailCallReturns) {
		e.Fork = m.tailCalled(s)
	}
	if f := m.finish(s, c); f != nil {
		return Effect{}, f
	}
	s.PC++
	return e, nil
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
	r0 := s.Reg(0)
	switch c.Ret.Kind {
	case release.Integer:
		*r0 = state.Unknown()
		if c.Ret.Range == release.CPUNumber {
			*r0 = state.Number(w.UnsignedRange(0, maxCPU))
		}
		if c.Ret.Range == release.ErrorSize {
			*r0 = state.Number(w.SignedRange(-maxErrno, most))
		}
	case release.RetMapValue:
		*r0 = state.Reg{Kind: state.MapValue, Null: c.Ret.OrNull && !never, Map: the.Map, Inner: the.Inner, UID: the.UID, ID: m.id()}
		if !r0.Null && !m.hasLock(r0) {
			r0.ID = 0
		}
	case release.RetMem:
		*r0 = state.Reg{Kind: state.Mem, Null: c.Ret.OrNull, Ring: c.ID == ringbufReserve, Size: c.size, ID: m.id()}
	case release.RetBTF:
		if f := m.btfResult(r0, c); f != nil {
			return f
		}
	case release.RetDynptrMem:
		*r0 = state.Reg{Kind: state.Mem, Null: c.Ret.OrNull, Size: c.size, ID: m.id(), Dyn: c.dynptr.ID, Ref: c.dynptr.Ref}
	case release.RetSock, release.RetSockCommon, release.RetTCPSock:
		*r0 = state.Reg{Kind: sockResults[c.Ret.Kind], Null: c.Ret.OrNull, ID: m.id()}
	case release.RetMemOrBTF:
		m.perCPUResult(r0, c)
	case release.Void:
	default:
		return unsupported("the result of %s: %s", c, c.Ret)
	}
	if casts[c.ID] && !mutant.On(mutant.VerifierCastOutlives) {
		r0.Ref = c.with
	}
	if acquires {
		r0.ID = m.id()
		r0.Ref = r0.ID
		s.Refs = append(s.Refs, state.Ref{ID: r0.Ref, Insn: s.PC})
	}
	return nil
}

// acquires reports whether the result has to be given back: r0 then has the reference as its
// identity.
func (c *called) acquires(m *Machine) bool {
	if c.ID == mapLookup {
		return ofSockets(m.mapOf(c.the).Type)
	}
	return c.Has(release.Acquires) && c.Ret.Kind != release.Integer
}

// maxErrno is how far below 0 an error may be.
const maxErrno = 4095

// mostRead is the greatest value of the size that a call was given.
func (m *Machine) mostRead(s *state.State, c *called) int64 {
	for n, a := range c.Args {
		if a.Kind == release.ConstSize {
			return int64(s.Reg(uint8(n + 1)).Num.U.Max)
		}
	}
	return 0
}

// maxCPU is the greatest number of a processor. Linux knows how many there may be; a
// program that relies on it loads on some machines only.
const maxCPU = 8191

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
		slot.Node.Demand()
	} else if b > 4 || slot.Bytes[b] != state.Zero || slot.Bytes[b+1] != state.Zero || slot.Bytes[b+2] != state.Zero || slot.Bytes[b+3] != state.Zero {
		return false
	}
	s.Reads(int(key.Frame), 1<<n)
	return v < uint64(x.MaxEntries) || mutant.On(mutant.VerifierKeyAlwaysThere)
}

func (c *called) String() string { return fmt.Sprintf("bpf_%s#%d", c.Name, c.ID) }
