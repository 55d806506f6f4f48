package transfer

import (
	"math"

	"github.com/lockstep-ebpf/lockstep/internal/mutant"
	"github.com/lockstep-ebpf/lockstep/spec"
	"github.com/lockstep-ebpf/lockstep/verifier/num"
	"github.com/lockstep-ebpf/lockstep/verifier/release"
	"github.com/lockstep-ebpf/lockstep/verifier/state"
)

var w = num.W64

// aluOps are the binary operators by operation code.
var aluOps = map[uint8]num.Op{
	spec.OpADD: num.Add, spec.OpSUB: num.Sub, spec.OpMUL: num.Mul, spec.OpDIV: num.Div, spec.OpMOD: num.Mod, spec.OpOR: num.Or,
	spec.OpAND: num.And, spec.OpXOR: num.Xor, spec.OpLSH: num.Lsh, spec.OpRSH: num.Rsh, spec.OpARSH: num.Arsh,
}

// opTable is aluOps, indexed.
var opTable = func() (t [256]num.Op) {
	for code, op := range aluOps {
		t[code] = op
	}
	return t
}()

func (m *Machine) alu(s *state.State, i spec.Insn) *Failure {
	code, wide := i.Op&0xf0, i.Class() == spec.ClassALU64
	if code == spec.OpMOV {
		return m.mov(s, i, wide)
	}
	if i.Op&spec.SrcX != 0 && code != spec.OpEND {
		if f := m.readable(s, i.Src); f != nil {
			return f
		}
	}
	if f := m.readable(s, i.Dst); f != nil {
		return f
	}
	dst := s.Reg(i.Dst)
	if code == spec.OpEND || code == spec.OpNEG {
		if f := m.partial(i.Dst, dst, "pointer arithmetic prohibited"); f != nil {
			return f
		}
		m.unary(dst, i, code, wide)
		if code == spec.OpEND {
			m.blurSwap(dst)
		} else if !m.sharp(release.NegBounds) {
			forget(dst, wide)
		}
		return nil
	}
	src := state.Const(uint64(int64(i.Imm)))
	if i.Op&spec.SrcX != 0 {
		src = *s.Reg(i.Src)
	}
	if dst.IsPointer() || src.IsPointer() {
		return m.pointerALU(s, i, src, code, wide)
	}
	if f := m.sanitiseNumbers(s.PC, i, code); f != nil {
		return f
	}
	op := opTable[code]
	if i.Off == 1 {
		op += num.Sdiv - num.Div
	}
	binary(dst, &src, op, wide)
	m.blur(dst, &src, op, wide)
	return nil
}

// unary is neg and the byte swaps. Of a pointer they make some number.
func (m *Machine) unary(dst *state.Reg, i spec.Insn, code uint8, wide bool) {
	x := w.Unknown()
	if dst.Kind == state.Scalar {
		x = dst.Num
	}
	switch {
	case code == spec.OpNEG && wide:
		x = w.Neg(x)
	case code == spec.OpNEG:
		x = w.Neg32(x)
	case wide || (i.Op&spec.SrcX != 0) != (m.Order == spec.Big): // bswap, or to the other order
		x = w.Swap(x, uint(i.Imm))
	default:
		x = w.Zext(x, uint(i.Imm))
	}
	id, delta := dst.ID, dst.Delta
	*dst = state.Reg{Kind: state.Scalar, Num: x, Node: dst.Node}
	if mutant.On(mutant.VerifierSwapKeepsID) && code == spec.OpEND {
		dst.ID, dst.Delta = id, delta
	}
}

// binary is dst op= src on numbers.
func binary(dst, src *state.Reg, op num.Op, wide bool) {
	id, delta := moved(dst, src, op, wide)
	x := dst.Num
	if wide {
		x = w.ALU(op, x, src.Num)
	} else {
		x = w.ALU32(op, x, src.Num)
	}
	*dst = state.Reg{Kind: state.Scalar, Num: x, Node: state.NewNode(dst.Node, src.Node), ID: id, Delta: delta}
}

// moved is what dst is equal to, but for a constant, after dst op= src; 0 if that is not
// known. In 32 bits that holds only for sums that do not go round.
func moved(dst, src *state.Reg, op num.Op, wide bool) (id uint32, delta int32) {
	v, known := src.Const()
	if dst.ID == 0 || !known || op != num.Add && op != num.Sub {
		return 0, 0
	}
	c := int64(v)
	if !wide {
		c = int64(int32(v))
	}
	if c != int64(int32(c)) {
		return 0, 0
	}
	if op == num.Sub && !mutant.On(mutant.VerifierSubNotNegated) {
		c = -c
	}
	if low, high := int64(dst.Num.U.Min)+c, int64(dst.Num.U.Max)+c; !wide && (dst.Num.U.Max > math.MaxUint32 || low < 0 || high > math.MaxUint32) {
		return 0, 0
	}
	sum := int64(dst.Delta) + c
	if sum != int64(int32(sum)) {
		return 0, 0
	}
	return dst.ID, int32(sum)
}

// mov copies, and cuts or extends where it is told to.
func (m *Machine) mov(s *state.State, i spec.Insn, wide bool) *Failure {
	dst := s.Reg(i.Dst)
	if i.Op&spec.SrcX == 0 {
		v := uint64(int64(i.Imm))
		if !wide {
			v = uint64(uint32(i.Imm))
		}
		*dst = state.Const(v)
		return nil
	}
	if f := m.readable(s, i.Src); f != nil {
		return f
	}
	if wide && i.Off == 1 {
		return unsupported("arenas (addr_space_cast)")
	}
	src := s.Reg(i.Src)
	if f := m.partialMove(i, src, wide); f != nil {
		return f
	}
	x := w.Unknown()
	if src.Kind == state.Scalar {
		x = src.Num
	}
	whole := wide && i.Off == 0
	switch {
	case whole:
	case wide:
		n := uint(i.Off)
		whole = src.Kind == state.Scalar && (num.Signed{Min: -1 << (n - 1), Max: 1<<(n-1) - 1}).Subsumes(x.S)
		x = w.Sext(x, n)
	case i.Off != 0:
		x = w.Sext32(x, uint(i.Off))
	default:
		whole = src.Kind == state.Scalar && x.U.Max <= math.MaxUint32
		x = w.Zext(x, 32)
	}
	if whole {
		m.link(src)
		*dst = *src
		return nil
	}
	*dst = state.Reg{Kind: state.Scalar, Num: x, Node: src.Node}
	return nil
}

// link gives a number an identity, in front of a copy. Constants need none.
func (m *Machine) link(r *state.Reg) {
	if _, known := r.Const(); r.Kind == state.Scalar && r.ID == 0 && !known {
		r.ID = m.id()
	}
}
