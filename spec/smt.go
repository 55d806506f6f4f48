package spec

import (
	"fmt"
	"strings"
)

// The scalar rows as SMT-LIB 2 functions over bit-vectors (logic QF_BV), so that
// a solver can be asked about them: whether a peephole is sound, whether two
// lowerings agree, whether an abstract transfer function covers the concrete one.

// SMT is one function per scalar row and one predicate per conditional branch:
//
//	(define-fun add64.x ((dst (_ BitVec 64)) (src (_ BitVec 64)) (imm (_ BitVec 32))) (_ BitVec 64) …)
//	(define-fun jeq32.k ((dst …) (src …) (imm …)) Bool …)
//
// Every function takes all three operands, used or not. The byte order is that of
// the machine: le and be swap by it.
func SMT(o ByteOrder) string {
	var b strings.Builder
	fmt.Fprintf(&b, "; The scalar instructions of eBPF on a %s-endian machine.\n(set-logic QF_BV)\n", o)
	for i := range Table {
		if f, ok := Table[i].SMT(o); ok {
			b.WriteString(f)
		}
	}
	return b.String()
}

// SMT is the row's function, and false for a row that is more than one value.
func (r *Row) SMT(o ByteOrder) (string, bool) {
	if r.Internal || len(r.Do) != 1 {
		return "", false
	}
	s := smt{o}
	body, sort := "", "(_ BitVec 64)"
	switch step := r.Do[0].(type) {
	case Set:
		if !r.ScalarOp() {
			return "", false
		}
		body = s.expr(step.X)
	case Branch:
		c, ok := step.If.(Compare)
		if !ok {
			return "", false
		}
		body, sort = s.compare(c), "Bool"
	default:
		return "", false
	}
	return fmt.Sprintf("; %s\n(define-fun %s ((dst (_ BitVec 64)) (src (_ BitVec 64)) (imm (_ BitVec 32))) %s\n  %s)\n", r.Effect, r.Name, sort, body), true
}

type smt struct{ order ByteOrder }

// expr is a term of 64 bits.
func (s smt) expr(x Expr) string {
	switch x := x.(type) {
	case Const:
		return fmt.Sprintf("#x%016x", uint64(x))
	case Reg:
		return RegRef(x).String()
	case Imm:
		return "((_ sign_extend 32) imm)"
	case Unary:
		return s.unary(x)
	case Binary:
		return s.binary(x)
	case Compare:
		return fmt.Sprintf("(ite %s #x%016x #x%016x)", s.compare(x), 1, 0)
	case Cond:
		return fmt.Sprintf("(ite %s %s %s)", s.truth(x.If), s.expr(x.Then), s.expr(x.Else))
	}
	panic(fmt.Sprintf("spec: %T is no scalar", x))
}

func (s smt) truth(x Expr) string {
	if c, ok := x.(Compare); ok {
		return s.compare(c)
	}
	return fmt.Sprintf("(distinct %s #x%016x)", s.expr(x), 0)
}

// low is a term of w bits.
func (s smt) low(x Expr, w Width) string {
	if c, ok := x.(Const); ok {
		return fmt.Sprintf("#x%0*x", w/4, uint64(c)&maskOf(uint(w)))
	}
	if w == W64 {
		return s.expr(x)
	}
	return fmt.Sprintf("((_ extract %d 0) %s)", w-1, s.expr(x))
}

func extend64(how, term string, w Width) string {
	if w == W64 {
		return term
	}
	return fmt.Sprintf("((_ %s %d) %s)", how, W64-w, term)
}

func (s smt) unary(x Unary) string {
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

func (s smt) binary(x Binary) string {
	y := s.low(x.Y, x.W)
	if x.Op == Shl || x.Op == Lshr || x.Op == Ashr {
		y = fmt.Sprintf("(bvand %s #x%0*x)", y, x.W/4, x.W-1)
	}
	return extend64("zero_extend", fmt.Sprintf("(%s %s %s)", smtBinary[x.Op], s.low(x.X, x.W), y), x.W)
}

var smtCompare = [numCompare]string{
	Eq: "=", Ne: "distinct", Ugt: "bvugt", Uge: "bvuge", Ult: "bvult", Ule: "bvule", Sgt: "bvsgt", Sge: "bvsge", Slt: "bvslt", Sle: "bvsle",
}

func (s smt) compare(c Compare) string {
	x, y := s.low(c.X, c.W), s.low(c.Y, c.W)
	if c.Op == Test {
		return fmt.Sprintf("(distinct (bvand %s %s) #x%0*x)", x, y, c.W/4, 0)
	}
	return fmt.Sprintf("(%s %s %s)", smtCompare[c.Op], x, y)
}
