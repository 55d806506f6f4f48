package transfer

import (
	"github.com/lockstep-ebpf/lockstep/internal/mutant"
	"github.com/lockstep-ebpf/lockstep/verifier/release"
	"github.com/lockstep-ebpf/lockstep/verifier/state"
)

// outcome is what the arguments of a call say of its result.
type outcome struct {
	there    bool  // it cannot be 0
	acquires bool  // it has to be given back
	most     int64 // the greatest value of the size that the call was given
}

// result puts into r0 what a call gives. the is its map.
func (m *Machine) result(s *state.State, c *called, the *state.Reg, o outcome) *Failure {
	r0 := s.Reg(0)
	switch c.Ret.Kind {
	case release.Integer:
		*r0 = state.Unknown()
		if c.Ret.Range == release.CPUNumber {
			*r0 = state.Number(w.UnsignedRange(0, maxCPU))
		}
		if c.Ret.Range == release.ErrorSize {
			*r0 = state.Number(w.SignedRange(-maxErrno, o.most))
		}
	case release.RetMapValue:
		*r0 = state.Reg{Kind: state.MapValue, Null: c.Ret.OrNull && !o.there, Map: the.Map, Inner: the.Inner, UID: the.UID, ID: m.id()}
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
	if o.acquires {
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
