package spec

import (
	"fmt"
	"strings"
)

// The rows that compute, as SMT-LIB 2 functions over bit-vectors (logic QF_BV), so
// that a solver can be asked about them: whether a peephole is sound, whether two
// lowerings agree, whether an abstract transfer function covers the concrete one.

// SMT is every row that computes as a function of what it reads:
//
//	(define-fun add64.x ((dst (_ BitVec 64)) (src (_ BitVec 64)) (imm (_ BitVec 32))) (_ BitVec 64) …)
//	(define-fun jeq32.k ((dst …) (src …) (imm …)) Bool …)
//	(define-fun atomic_xchg32 ((dst …) (src …) (imm …) (r0 …) (mem (_ BitVec 32))) (_ BitVec 64) …)
//	(define-fun atomic_xchg32.mem ((dst …) (src …) (imm …) (r0 …) (mem …)) (_ BitVec 32) …)
//
// NAME is what the row writes to its register, or whether it branches; NAME.mem is
// what it leaves in memory. All functions take dst, src and imm, used or not; that of
// LDDW also the second slot's immediate, and those of memory rows r0 and mem, the
// number at the address. The byte order is that of the machine: le and be swap by it.
func SMT(o ByteOrder) string {
	var b strings.Builder
	fmt.Fprintf(&b, "; The instructions of eBPF that compute, on a %s-endian machine.\n", o)
	b.WriteString("; NAME is what the register holds then, or whether the branch is taken; NAME.mem is what memory holds then.\n")
	b.WriteString("; dst, src, r0: registers. imm, next: the immediates of both slots. mem: the number that was at the address.\n")
	b.WriteString("(set-logic QF_BV)\n")
	for i := range Table {
		if f, ok := Table[i].SMT(o); ok {
			b.WriteString(f)
		}
	}
	return b.String()
}

// SMT is the row's function, or two, and false for a row that is more than values:
// one that calls, exits, reads a packet, or asks the loader for an address.
func (r *Row) SMT(o ByteOrder) (string, bool) {
	if len(r.Do) != 1 {
		return "", false
	}
	s := smt{order: o, ok: true}
	var register, taken, memory string
	switch step := r.Do[0].(type) {
	case Set:
		register = s.expr(step.X)
		memory = s.written(step.X)
	case Branch:
		taken = s.truth(step.If)
	case Store:
		memory = s.store(step.Size, step.X)
	case Do:
		memory = s.written(step.X)
	default:
		return "", false
	}
	if !s.ok {
		return "", false
	}
	text := "; " + r.Effect + "\n"
	text += s.define(r.Name, bitVec(64), register)
	text += s.define(r.Name, "Bool", taken)
	text += s.define(r.Name+".mem", bitVec(8*int(s.size)), memory)
	return text, true
}

// smt writes the terms of one row, and notes what they need.
type smt struct {
	order ByteOrder
	ok    bool // whether every node had a term
	next  bool // the row has a second slot
	size  Size // of the memory that the row works on, if any
}

func bitVec(n int) string { return fmt.Sprintf("(_ BitVec %d)", n) }

func (s *smt) define(name, sort, body string) string {
	if body == "" {
		return ""
	}
	params := "(dst (_ BitVec 64)) (src (_ BitVec 64)) (imm (_ BitVec 32))"
	if s.next {
		params += " (next (_ BitVec 32))"
	}
	if s.size != 0 {
		params += " (r0 (_ BitVec 64)) (mem " + bitVec(8*int(s.size)) + ")"
	}
	return fmt.Sprintf("(define-fun %s (%s) %s\n  %s)\n", name, params, sort, body)
}

// expr is a term of 64 bits.
func (s *smt) expr(x Expr) string {
	switch x := x.(type) {
	case Const:
		return fmt.Sprintf("#x%016x", uint64(x))
	case Reg:
		return RegRef(x).String()
	case Imm:
		return "((_ sign_extend 32) imm)"
	case Wide:
		s.next = true
		return "(concat next imm)"
	case Load:
		return s.mem(x.Size)
	case Atomic:
		return s.mem(x.Size)
	case Unary:
		return s.unary(x)
	case Binary:
		return s.binary(x)
	case Compare:
		return fmt.Sprintf("(ite %s #x%016x #x%016x)", s.compare(x), 1, 0)
	case Cond:
		return fmt.Sprintf("(ite %s %s %s)", s.truth(x.If), s.expr(x.Then), s.expr(x.Else))
	}
	s.ok = false
	return ""
}

func (s *smt) truth(x Expr) string {
	switch x := x.(type) {
	case Const:
		return fmt.Sprint(x != 0)
	case Compare:
		return s.compare(x)
	}
	return fmt.Sprintf("(distinct %s #x%016x)", s.expr(x), 0)
}

// mem is what was at the address, zero-extended.
func (s *smt) mem(n Size) string {
	s.size = n
	return extend64("zero_extend", "mem", Width(8*n))
}

// store is what a store leaves in memory.
func (s *smt) store(n Size, x Expr) string {
	s.size = n
	return s.low(x, Width(8*n))
}

// written is what an atomic step leaves in memory, and nothing for what only reads.
func (s *smt) written(x Expr) string {
	a, ok := x.(Atomic)
	if !ok || a.Op == ALoadAcquire {
		return ""
	}
	y := s.store(a.Size, a.X)
	switch a.Op {
	case AXchg, AStoreRelease:
		return y
	case ACmpXchg:
		return fmt.Sprintf("(ite (= mem %s) %s mem)", s.low(a.Cmp, Width(8*a.Size)), y)
	}
	return fmt.Sprintf("(%s mem %s)", smtAtomic[a.Op], y)
}

var smtAtomic = [numAtomic]string{AAdd: "bvadd", AOr: "bvor", AAnd: "bvand", AXor: "bvxor"}

// low is a term of w bits.
func (s *smt) low(x Expr, w Width) string {
	if c, ok := x.(Const); ok {
		return fmt.Sprintf("#x%0*x", w/4, uint64(c)&maskOf(uint(w)))
	}
	term := s.expr(x)
	if w == W64 {
		return term
	}
	if l, ok := x.(Load); ok && Width(8*l.Size) == w {
		return "mem"
	}
	return fmt.Sprintf("((_ extract %d 0) %s)", w-1, term)
}

func extend64(how, term string, w Width) string {
	if w == W64 {
		return term
	}
	return fmt.Sprintf("((_ %s %d) %s)", how, W64-w, term)
}

func (s *smt) unary(x Unary) string {
	low := s.low(x.X, x.W)
	switch x.Op {
	case Sext:
		return extend64("sign_extend", low, x.W)
	case Neg:
		low = "(bvneg " + low + ")"
	case Bswap:
		low = swapTerm(s.expr(x.X), x.W)
	case ToLE, ToBE:
		if (x.Op == ToLE) == (s.order == Big) {
			low = swapTerm(s.expr(x.X), x.W)
		}
	}
	return extend64("zero_extend", low, x.W)
}

func swapTerm(term string, w Width) string {
	var bytes []string
	for at := 0; at < int(w); at += 8 {
		bytes = append(bytes, fmt.Sprintf("((_ extract %d %d) %s)", at+7, at, term))
	}
	return "(concat " + strings.Join(bytes, " ") + ")"
}

var smtBinary = [numBinary]string{
	Add: "bvadd", Sub: "bvsub", Mul: "bvmul", Udiv: "bvudiv", Umod: "bvurem", Sdiv: "bvsdiv", Smod: "bvsrem",
	And: "bvand", Or: "bvor", Xor: "bvxor", Shl: "bvshl", Lshr: "bvlshr", Ashr: "bvashr",
}

func (s *smt) binary(x Binary) string {
	y := s.low(x.Y, x.W)
	if x.Op == Shl || x.Op == Lshr || x.Op == Ashr {
		y = fmt.Sprintf("(bvand %s #x%0*x)", y, x.W/4, x.W-1)
	}
	return extend64("zero_extend", fmt.Sprintf("(%s %s %s)", smtBinary[x.Op], s.low(x.X, x.W), y), x.W)
}

var smtCompare = [numCompare]string{
	Eq: "=", Ne: "distinct", Ugt: "bvugt", Uge: "bvuge", Ult: "bvult", Ule: "bvule", Sgt: "bvsgt", Sge: "bvsge", Slt: "bvslt", Sle: "bvsle",
}

func (s *smt) compare(c Compare) string {
	x, y := s.low(c.X, c.W), s.low(c.Y, c.W)
	if c.Op == Test {
		return fmt.Sprintf("(distinct (bvand %s %s) #x%0*x)", x, y, c.W/4, 0)
	}
	return fmt.Sprintf("(%s %s %s)", smtCompare[c.Op], x, y)
}
