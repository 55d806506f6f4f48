package spec

import (
	"fmt"
	"math/bits"
)

// Env is what a scalar expression can see: an instruction's fields, the
// registers, and the machine's word.
//
// Bits is the width of a register, normally 64. A smaller one (3 to 63) gives a
// scaled machine, on which abstract domains are tested exhaustively: every Width
// in a row shrinks in proportion, so that at 6 bits the 32-bit half is 3 bits wide.
type Env struct {
	Insn Insn
	Next Insn // the second slot of an LDDW
	Regs *[11]uint64
	Bits uint // 0 means 64
	Big  bool // the machine's byte order
}

// Eval gives a scalar expression its value: one made of constants, registers,
// fields and operators. The nodes that need a machine (Load, Atomic, Address, …)
// are the reference VM's; Eval panics on them, as it does on a division that a
// row failed to guard. Both are mistakes in the table, and its tests look for them.
func (e *Env) Eval(x Expr) uint64 {
	switch x := x.(type) {
	case Const:
		return uint64(x) & e.mask(W64)
	case Reg:
		return e.Regs[RegRef(x).Of(e.Insn)] & e.mask(W64)
	case Imm:
		return uint64(int64(e.Insn.Imm)) & e.mask(W64)
	case Wide:
		return Imm64(e.Insn, e.Next) & e.mask(W64)
	case Off:
		return uint64(int64(e.Insn.Off)) & e.mask(W64)
	case Unary:
		return EvalUnary(x.Op, e.Eval(x.X), e.at(x.W), e.at(W64), e.Big)
	case Binary:
		return EvalBinary(x.Op, e.Eval(x.X), e.Eval(x.Y), e.at(x.W))
	case Compare:
		if EvalCompare(x.Op, e.Eval(x.X), e.Eval(x.Y), e.at(x.W)) {
			return 1
		}
		return 0
	case Cond:
		if e.Eval(x.If) != 0 {
			return e.Eval(x.Then)
		}
		return e.Eval(x.Else)
	}
	panic(fmt.Sprintf("spec: %T has no value without a machine", x))
}

// Of is the number of the register that r names in i.
func (r RegRef) Of(i Insn) uint8 {
	switch r {
	case Dst:
		return i.Dst
	case Src:
		return i.Src
	}
	return uint8(r)
}

// at scales a width to the machine.
func (e *Env) at(w Width) uint {
	if e.Bits == 0 || e.Bits == 64 {
		return uint(w)
	}
	return max(1, uint(w)*e.Bits/64)
}

func (e *Env) mask(w Width) uint64 { return maskOf(e.at(w)) }

// maskOf is n ones.
func maskOf(n uint) uint64 { return ^uint64(0) >> (64 - n) }

// extend sign-extends the low n bits of v to 64.
func extend(v uint64, n uint) int64 { return int64(v<<(64-n)) >> (64 - n) }

// EvalUnary applies op to the low n bits of v. Sext extends to word bits.
func EvalUnary(op UnaryOp, v uint64, n, word uint, big bool) uint64 {
	v &= maskOf(n)
	switch op {
	case Trunc:
		return v
	case Sext:
		return uint64(extend(v, n)) & maskOf(word)
	case Neg:
		return -v & maskOf(n)
	case ToLE:
		if !big {
			return v
		}
	case ToBE:
		if big {
			return v
		}
	case Bswap:
	default:
		panic("spec: no such unary operator")
	}
	if word != 64 { // bytes shrink with the word: reverse n/(word/8) of them
		return swapScaled(v, n, max(1, word/8))
	}
	return bits.ReverseBytes64(v) >> (64 - n)
}

// swapScaled reverses the whole units of n bits. Bits above the last whole unit, at
// widths that are no multiple of 8, stay where they are: a swap undoes itself at
// every width.
func swapScaled(v uint64, n, unit uint) uint64 {
	whole := n / unit * unit
	var out uint64
	for done := uint(0); done < whole; done += unit {
		out = out<<unit | v>>done&maskOf(unit)
	}
	return v>>whole<<whole | out
}

// EvalBinary applies op to the low n bits of x and y.
func EvalBinary(op BinaryOp, x, y uint64, n uint) uint64 {
	m := maskOf(n)
	x, y = x&m, y&m
	switch op {
	case Add:
		return (x + y) & m
	case Sub:
		return (x - y) & m
	case Mul:
		return x * y & m
	case Udiv:
		return x / y
	case Umod:
		return x % y
	case Sdiv:
		return uint64(extend(x, n)/extend(y, n)) & m
	case Smod:
		return uint64(extend(x, n)%extend(y, n)) & m
	case And:
		return x & y
	case Or:
		return x | y
	case Xor:
		return x ^ y
	case Shl:
		return x << (y % uint64(n)) & m
	case Lshr:
		return x >> (y % uint64(n))
	case Ashr:
		return uint64(extend(x, n)>>(y%uint64(n))) & m
	}
	panic("spec: no such binary operator")
}

// EvalCompare compares the low n bits of x and y.
func EvalCompare(op CompareOp, x, y uint64, n uint) bool {
	x, y = x&maskOf(n), y&maskOf(n)
	sx, sy := extend(x, n), extend(y, n)
	switch op {
	case Eq:
		return x == y
	case Ne:
		return x != y
	case Ugt:
		return x > y
	case Uge:
		return x >= y
	case Ult:
		return x < y
	case Ule:
		return x <= y
	case Sgt:
		return sx > sy
	case Sge:
		return sx >= sy
	case Slt:
		return sx < sy
	case Sle:
		return sx <= sy
	case Test:
		return x&y != 0
	}
	panic("spec: no such relation")
}
