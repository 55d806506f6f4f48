package transfer

import (
	"fmt"

	"github.com/lockstep-ebpf/lockstep/internal/mutant"
	"github.com/lockstep-ebpf/lockstep/verifier/release"
	"github.com/lockstep-ebpf/lockstep/verifier/state"
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
	the  *state.Reg // the map
	size uint32     // of the memory that is asked for
	fn   int        // the callback
	ref  uint32     // what is released
}

// helper calls a function of the kernel's.
func (m *Machine) helper(s *state.State, id int32) (Effect, *Failure) {
	h, known := m.Release.HelperFor(id, m.progType(), m.Attach)
	switch {
	case !m.Release.Exists(id):
		return Effect{}, fail("helper-unknown", "invalid func unknown#%d", id)
	case !m.Release.Allowed(id, m.progType(), m.Attach):
		name := "unknown"
		if known {
			name = "bpf_" + h.Name
		}
		return Effect{}, fail("helper-denied", "program of this type cannot use helper %s#%d", name, id)
	case !known:
		return Effect{}, unsupported("helper %d", id)
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
	if id == tailCall && len(s.Refs) > 0 {
		return Effect{}, leak(s, "tail_call would lead to reference leak")
	}
	var e Effect
	if id == loop {
		var f *Failure
		if e.Fork, f = m.round(s, c); f != nil {
			return Effect{}, f
		}
	} else if c.fn >= 0 {
		return Effect{}, unsupported("callbacks of %s", h.Name)
	}
	if id == tailCall && s.Depth() > 0 && !m.unsound(release.TailCallReturns) {
		e.Fork = m.tailCalled(s)
	}
	m.finish(s, c)
	s.PC++
	return e, nil
}

// finish is what a call leaves.
func (m *Machine) finish(s *state.State, c *called) {
	m.writeOut(s, c)
	the := state.Reg{}
	if c.the != nil {
		the = *c.the
	}
	never := c.ID == mapLookup && m.keyIsThere(s, &the)
	if c.ref != 0 {
		m.release(s, c.ref)
	}
	if c.Has(release.ChangesPacket) {
		forgetPackets(s)
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
	case release.RetMapValue:
		*r0 = state.Reg{Kind: state.MapValue, Null: c.Ret.OrNull && !never, Map: the.Map, Inner: the.Inner, UID: the.UID, ID: m.id()}
		if !r0.Null {
			r0.ID = 0
		}
	case release.RetMem:
		*r0 = state.Reg{Kind: state.Mem, Null: c.Ret.OrNull, Ring: c.ID == ringbufReserve, Size: c.size, ID: m.id()}
	}
	if c.Has(release.Acquires) {
		r0.Ref = m.id()
		s.Refs = append(s.Refs, state.Ref{ID: r0.Ref, Insn: s.PC})
	}
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
		if r.Ref != ref {
			return false
		}
		*r = state.Unknown()
		return true
	})
}

// writeOut marks what the helper writes.
func (m *Machine) writeOut(s *state.State, c *called) {
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
			m.stackForHelper(s, span{int(r.Frame), low, low, size}, true)
		}
	}
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
	if width := slot.Width(); b == 0 && (width == 4 || width == 8) && slot.Spill.Kind == state.Scalar {
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

// round calls bpf_loop's callback once more, if it may be called so often. The state
// itself goes on behind the call.
func (m *Machine) round(s *state.State, c *called) (*state.State, *Failure) {
	times := s.Reg(1)
	times.Node.Demand()
	if times.Kind != state.Scalar || uint64(s.Frame().Rounds) >= times.Num.U.Max {
		s.Frame().Rounds = 0
		return nil, nil
	}
	again := s.Clone()
	caller := again.Frame()
	caller.Rounds++
	again.Unrolls++
	callee, f := m.push(again, c.fn)
	if f != nil {
		return nil, f
	}
	callee.Callback = state.ByLoop
	callee.Regs[1] = state.Unknown()
	callee.Regs[2] = caller.Regs[3]
	s.Frame().Rounds = 0
	return again, nil
}

func (c *called) String() string { return fmt.Sprintf("bpf_%s#%d", c.Name, c.ID) }

// CallsBack reports whether a helper calls a function of the program's.
func CallsBack(id int32) bool { return id == loop }
