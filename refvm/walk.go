package refvm

import (
	"fmt"
	"math/bits"

	"github.com/lockstep-ebpf/lockstep/spec"
	"github.com/lockstep-ebpf/lockstep/vm"
)

// value is a number that may have no defined value.
type value struct {
	v     uint64
	undef bool
}

// seq carries out the steps of an instruction. A Call of a subprogram leaves the
// steps after it for the return.
func (r *run) seq(c *insn, steps spec.Seq) {
	for i, s := range steps {
		if call, ok := s.(spec.Call); ok {
			r.call(c, call.Kind, steps[i+1:])
			return
		}
		r.stmt(c, s)
		if r.flow != goOn {
			return
		}
	}
}

func (r *run) stmt(c *insn, s spec.Stmt) {
	switch s := s.(type) {
	case spec.Set:
		x := r.expr(c, s.X)
		if r.flow == goOn {
			r.set(s.R.Of(c.Insn), x)
		}
	case spec.Store:
		addr, x := r.address(c, s.Addr), r.expr(c, s.X)
		r.store(addr, uint32(s.Size), x)
	case spec.Do:
		r.expr(c, s.X)
	case spec.Branch:
		if r.decides(r.expr(c, s.If)) {
			r.next += int(int64(r.expr(c, s.To).v))
		}
	case spec.Clobber:
		r.clobber(s.First, s.Last)
	case spec.Exit:
		r.exit()
	case spec.Trap:
		r.stop(vm.FaultTrap, 0)
	case spec.If:
		if r.decides(r.expr(c, s.Cond)) {
			r.seq(c, s.Then)
		} else {
			r.seq(c, s.Else)
		}
	default:
		panic(fmt.Sprintf("refvm: no meaning for a step of type %T", s))
	}
}

// expr gives an expression its value. After a fault in it the value is void, and
// r.flow says so.
func (r *run) expr(c *insn, x spec.Expr) value {
	switch x := x.(type) {
	case spec.Const:
		return value{uint64(x), false}
	case spec.Reg:
		return r.get(spec.RegRef(x).Of(c.Insn))
	case spec.Imm, spec.Wide, spec.Address:
		return value{c.value, false}
	case spec.Off:
		return value{uint64(int64(c.Off)), false}
	case spec.Unary:
		v := r.expr(c, x.X)
		return value{spec.EvalUnary(x.Op, v.v, uint(x.W), 64, r.m.Mem.Order == spec.Big), v.undef}
	case spec.Binary:
		a, b := r.expr(c, x.X), r.expr(c, x.Y)
		return value{spec.EvalBinary(x.Op, a.v, b.v, uint(x.W)), a.undef || b.undef}
	case spec.Compare:
		a, b := r.expr(c, x.X), r.expr(c, x.Y)
		return value{bit(spec.EvalCompare(x.Op, a.v, b.v, uint(x.W))), a.undef || b.undef}
	case spec.Cond:
		arm := x.Else
		cond := r.expr(c, x.If)
		if cond.v != 0 {
			arm = x.Then
		}
		v := r.expr(c, arm)
		return value{v.v, v.undef || cond.undef}
	case spec.Load:
		return r.load(c, r.address(c, x.Addr), uint32(x.Size))
	case spec.Atomic:
		return r.atomic(c, x)
	case spec.PacketHas:
		at := r.expr(c, x.X)
		_, ok := r.m.Packet(int64(int32(at.v)), uint32(x.Size))
		return value{bit(ok), at.undef}
	case spec.PacketLoad:
		return r.packet(r.expr(c, x.X), uint32(x.Size))
	case spec.ArenaBase:
		return value{r.m.World.ArenaUser, false}
	case spec.BudgetSpent:
		return value{r.budgetSpent(), false}
	}
	panic(fmt.Sprintf("refvm: no value for an expression of type %T", x))
}

func bit(b bool) uint64 {
	if b {
		return 1
	}
	return 0
}

// get reads a register.
func (r *run) get(n uint8) value { return value{r.Regs[n], r.Undef>>n&1 != 0} }

// set writes a register.
func (r *run) set(n uint8, x value) {
	r.Regs[n] = x.v
	r.Undef &^= 1 << n
	if x.undef {
		r.Undef |= 1 << n
	}
}

// clobber makes registers undefined. They keep their bits: any value is as good.
func (r *run) clobber(first, last uint8) {
	r.Undef |= 1<<(last+1) - 1<<first
}

// decides turns a value that control depends on into a decision.
func (r *run) decides(x value) bool {
	r.taint = r.taint || x.undef
	return x.v != 0
}

// address gives the address of an access.
func (r *run) address(c *insn, x spec.Expr) uint64 {
	a := r.expr(c, x)
	r.taint = r.taint || a.undef
	return a.v
}

func (r *run) budgetSpent() uint64 {
	if r.m.Budget == 0 {
		return 1
	}
	r.m.Budget--
	return 0
}

// swapIf gives the low n bits of v, with their bytes reversed if swap.
func (r *run) swapIf(swap bool, v uint64, n uint) uint64 {
	if swap {
		return bits.ReverseBytes64(v) >> (64 - n)
	}
	return v & (1<<n - 1) // 1<<64 is 0 in Go: all ones
}
