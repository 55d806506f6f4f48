package transfer

import (
	"slices"

	"github.com/lockstep-ebpf/lockstep/spec"
	"github.com/lockstep-ebpf/lockstep/verifier/num"
	"github.com/lockstep-ebpf/lockstep/verifier/release"
	"github.com/lockstep-ebpf/lockstep/verifier/state"
)

// sharp reports whether something may be known of a number. By the default rules all that
// is true may be known; a release that is mirrored knows what its switches say.
func (r *Rules) sharp(s release.Switch) bool { return !r.Mirror || r.Release.Has(s) }

// unsound reports whether a rule is to be left out because the release that is mirrored
// does not have it, though programs that break it may do harm.
func (r *Rules) unsound(s release.Switch) bool { return r.Mirror && r.Release.Has(s) }

// forget makes some number of a result.
func forget(r *state.Reg, wide bool) {
	node := r.Node
	*r = state.Unknown()
	if r.Node = node; !wide {
		r.Num = w.Zext(r.Num, 32)
	}
}

// blur takes away what the mirrored release does not know of dst op= src. A number that
// Linux does not try to compute has 64 bits there, in 32-bit arithmetic too.
func (m *Machine) blur(dst, src *state.Reg, op num.Op, wide bool) {
	_, known := src.Const()
	wide = wide || !known || m.Release.AtLeast(6, 10)
	switch op {
	case num.Lsh, num.Rsh, num.Arsh:
		if !known && !m.sharp(release.ShiftBounds) {
			forget(dst, true)
		}
	case num.Add, num.Sub:
		if !m.sharp(release.LinkedDelta) {
			dst.ID, dst.Delta = 0, 0
		}
	case num.Div, num.Sdiv:
		if !m.sharp(release.DivBounds) {
			forget(dst, wide)
		}
	case num.Mod, num.Smod:
		if !m.sharp(release.ModBounds) {
			forget(dst, wide)
		}
	}
}

// blurSwap does the same for dst in another byte order.
func (m *Machine) blurSwap(dst *state.Reg) {
	if !m.sharp(release.SwapBounds) {
		forget(dst, true)
	}
}

// learnsNothing reports whether the mirrored release takes nothing in from a comparison.
func (m *Machine) learnsNothing(t *test, c num.Cond, x, y *state.Reg) bool {
	if !m.Mirror {
		return false
	}
	_, known := y.Const()
	if _, dst := x.Const(); t.register && !known && !dst && c != num.Eq && !m.Release.Has(release.RegisterBounds) {
		return true
	}
	return c == num.Ne && !m.Release.Has(release.JNEBounds)
}

// tailCalled is the state in which a function's caller goes on if a tail call in it
// succeeds: the program that was entered has returned some number, and may have moved the
// packet.
func (m *Machine) tailCalled(s *state.State) *state.State {
	out := s.Clone()
	callee := out.Pop()
	clobber(out.Frame())
	*out.Reg(0) = state.Unknown()
	m.forgetPackets(out)
	out.Go(callee.CallSite + 1)
	return out
}

// features are instructions by the switch that says whether a release has them.
var features = []struct {
	name release.Switch
	is   func(spec.Insn) bool
}{
	{release.FetchAtomics, func(i spec.Insn) bool {
		return isAtomic(i) && i.Imm != spec.AtomicLoadAcq && i.Imm != spec.AtomicStoreRel && i.Imm != spec.AtomicAdd
	}},
	{release.AcquireLoad, func(i spec.Insn) bool {
		return isAtomic(i) && (i.Imm == spec.AtomicLoadAcq || i.Imm == spec.AtomicStoreRel)
	}},
	{release.MOVSX, func(i spec.Insn) bool { return isALU(i) && i.Op&0xf0 == spec.OpMOV && i.Off != 0 && i.Off != 1 }},
	{release.LDXS, func(i spec.Insn) bool { return i.Class() == spec.ClassLDX && i.Op&0xe0 == spec.ModeMEMSX }},
	{release.SDIV, func(i spec.Insn) bool {
		return isALU(i) && (i.Op&0xf0 == spec.OpDIV || i.Op&0xf0 == spec.OpMOD) && i.Off != 0
	}},
	{release.BSWAP, func(i spec.Insn) bool { return i.Class() == spec.ClassALU64 && i.Op&0xf0 == spec.OpEND }},
	{release.JA32, func(i spec.Insn) bool { return i.Op == spec.JA32 }},
	{release.MayGoto, func(i spec.Insn) bool { return i.Op == spec.JCOND }},
	{release.MayGotoNext, func(i spec.Insn) bool { return i.Op == spec.JCOND && i.Off == 0 }},
}

func isALU(i spec.Insn) bool { return i.Class() == spec.ClassALU || i.Class() == spec.ClassALU64 }

func isAtomic(i spec.Insn) bool {
	return i.Class() == spec.ClassSTX && i.Op&0xe0 == spec.ModeATOMIC
}

// Missing finds the first instruction that a release does not have.
func Missing(r *release.Release, insns []spec.Insn) *Failure {
	for pc := 0; pc < len(insns); pc++ {
		at := slices.IndexFunc(features, func(x struct {
			name release.Switch
			is   func(spec.Insn) bool
		},
		) bool {
			return x.is(insns[pc]) && !r.Has(x.name)
		})
		if at >= 0 {
			f := fail("no-instruction", "%s has no %s", r.Name, features[at].name)
			f.Insn = pc
			return f
		}
		if insns[pc].Wide() {
			pc++
		}
	}
	return nil
}
