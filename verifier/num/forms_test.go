package num

import "fmt"

// form is one thing that the package can do to scalars, with its concrete meaning.
type form struct {
	name  string
	unary bool
	eval  func(x, y uint64) uint64
	apply func(x, y Scalar) Scalar
}

// formsOf lists all that make a value, at width w. It is made once.
func formsOf(w Width) []form {
	if forms[w] == nil {
		forms[w] = makeForms(w)
	}
	return forms[w]
}

var forms = map[Width][]form{}

// isMonotone reports whether who knows more of an operand knows no less of the result.
// A product is worked out along the operand with fewer bits that may be set, and
// knowing more can change which one that is.
func (f *form) isMonotone() bool { return f.name != "mul" && f.name != "mul32" }

func makeForms(w Width) (out []form) {
	low := ones(w.Sub)
	for op := range Ops {
		out = append(
			out,
			form{
				op.String(), false,
				func(x, y uint64) uint64 { return evalOp(op, x, y, w.Reg) },
				func(x, y Scalar) Scalar { return w.ALU(op, x, y) },
			},
			form{
				op.String() + "32", false,
				func(x, y uint64) uint64 { return evalOp(op, x&low, y&low, w.Sub) },
				func(x, y Scalar) Scalar { return w.ALU32(op, x, y) },
			},
		)
	}
	unary := func(name string, eval func(x uint64) uint64, apply func(x Scalar) Scalar) {
		out = append(out, form{
			name, true,
			func(x, _ uint64) uint64 { return eval(x) },
			func(x, _ Scalar) Scalar { return apply(x) },
		})
	}
	unary("neg", func(x uint64) uint64 { return evalOp(Sub, 0, x, w.Reg) }, w.Neg)
	unary("neg32", func(x uint64) uint64 { return evalOp(Sub, 0, x&low, w.Sub) }, w.Neg32)
	for n := uint(1); n <= w.Reg; n++ {
		unary(
			fmt.Sprint("zext", n),
			func(x uint64) uint64 { return x & ones(n) },
			func(x Scalar) Scalar { return w.Zext(x, n) },
		)
		unary(
			fmt.Sprint("sext", n),
			func(x uint64) uint64 { return evalSext(x, n, w.Reg) },
			func(x Scalar) Scalar { return w.Sext(x, n) },
		)
		unary(
			fmt.Sprint("swap", n),
			func(x uint64) uint64 { return evalSwap(x, n, max(1, w.Reg/8)) },
			func(x Scalar) Scalar { return w.Swap(x, n) },
		)
		if n <= w.Sub {
			unary(
				fmt.Sprint("sext32-", n),
				func(x uint64) uint64 { return evalSext(x, n, w.Sub) },
				func(x Scalar) Scalar { return w.Sext32(x, n) },
			)
		}
	}
	return out
}

// branch is a conditional jump, taken.
type branch struct {
	name   string
	cond   Cond
	eval   func(x, y uint64) bool
	refine func(x, y Scalar) (Scalar, Scalar)
	decide func(x, y Scalar) Outcome
}

// branchesOf lists all conditions; half of them are the other half, not taken.
func branchesOf(w Width) (out []branch) {
	for c := range Conds {
		out = append(
			out,
			branch{
				c.String(), c,
				func(x, y uint64) bool { return evalCond(c, x, y, w.Reg) },
				func(x, y Scalar) (Scalar, Scalar) { return w.Refine(c, x, y) },
				func(x, y Scalar) Outcome { return w.Decide(c, x, y) },
			},
			branch{
				c.String() + " 32", c,
				func(x, y uint64) bool { return evalCond(c, x, y, w.Sub) },
				func(x, y Scalar) (Scalar, Scalar) { return w.Refine32(c, x, y) },
				func(x, y Scalar) Outcome { return w.Decide32(c, x, y) },
			},
		)
	}
	return out
}
