package spec

import (
	"fmt"
	"strings"
)

// A tree as one line of text. An operator's width follows its symbol unless it is
// 64: `dst +32 src` adds the low halves and clears the upper half of the result.
// A conversion is written like a call, `u32(src)` or `s8(src)`; memory like an array of
// bits, `mem32[src + off]`.

// String writes the steps, joined by semicolons.
func (s Seq) String() string {
	var steps []string
	for _, st := range s {
		steps = append(steps, renderStmt(st))
	}
	return strings.Join(steps, "; ")
}

func renderStmt(s Stmt) string {
	switch s := s.(type) {
	case Set:
		return fmt.Sprintf("%v = %s", s.R, Render(s.X))
	case Store:
		return fmt.Sprintf("mem%d[%s] = %s", 8*int(s.Size), Render(s.Addr), Render(s.X))
	case Do:
		return Render(s.X)
	case Branch:
		if s.If == Const(1) {
			return "pc += " + Render(s.To)
		}
		return fmt.Sprintf("if %s { pc += %s }", Render(s.If), Render(s.To))
	case Call:
		return fmt.Sprintf("call_%v(imm)", s.Kind)
	case Clobber:
		return fmt.Sprintf("undefined r%d to r%d", s.First, s.Last)
	case Exit:
		return "exit"
	case Trap:
		return fmt.Sprintf("trap %q", s.Why)
	case If:
		if len(s.Else) == 0 {
			return fmt.Sprintf("if %s { %v }", Render(s.Cond), s.Then)
		}
		return fmt.Sprintf("if %s { %v } else { %v }", Render(s.Cond), s.Then, s.Else)
	}
	return fmt.Sprintf("%T?", s)
}

// Render writes an expression.
func Render(x Expr) string {
	switch x := x.(type) {
	case Const:
		return fmt.Sprint(int64(x))
	case Reg:
		return RegRef(x).String()
	case Imm:
		return "imm"
	case Wide:
		return "imm64"
	case Off:
		return "off"
	case Unary:
		return fmt.Sprintf("%s%d(%s)", unaryNames[x.Op].symbol, x.W, Render(x.X))
	case Binary:
		return infix(binaryNames[x.Op].symbol, x.W, x.X, x.Y)
	case Compare:
		if x.Op == Test {
			return "(" + infix("&", x.W, x.X, x.Y) + ") != 0"
		}
		return infix(compareNames[x.Op].symbol, x.W, x.X, x.Y)
	case Cond:
		return fmt.Sprintf("%s ? %s : %s", operand(x.If), operand(x.Then), operand(x.Else))
	case Load:
		return fmt.Sprintf("mem%d[%s]", 8*int(x.Size), Render(x.Addr))
	case Atomic:
		args := []string{"mem" + fmt.Sprint(8*int(x.Size)) + "[" + Render(x.Addr) + "]"}
		for _, a := range []Expr{x.Cmp, x.X} {
			if a != nil {
				args = append(args, Render(a))
			}
		}
		return fmt.Sprintf("%v(%s)", x.Op, strings.Join(args, ", "))
	case PacketHas:
		return fmt.Sprintf("packet_has(%d, %s)", x.Size, Render(x.X))
	case PacketLoad:
		return fmt.Sprintf("packet%d[%s]", 8*int(x.Size), Render(x.X))
	case Address:
		return x.Kind.String() + "(imm)"
	case BudgetSpent:
		return "budget_spent"
	case ArenaBase:
		return "arena_base"
	}
	return fmt.Sprintf("%T?", x)
}

func infix(symbol string, w Width, x, y Expr) string {
	if w != W64 {
		symbol += fmt.Sprint(w)
	}
	return operand(x) + " " + symbol + " " + operand(y)
}

// operand puts parentheses where the reader would otherwise need precedence.
func operand(x Expr) string {
	switch x.(type) {
	case Binary, Compare, Cond:
		return "(" + Render(x) + ")"
	}
	return Render(x)
}
