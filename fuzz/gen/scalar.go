package gen

import (
	"github.com/lockstep-ebpf/lockstep/fuzz/tape"
	"github.com/lockstep-ebpf/lockstep/spec"
)

// aluOp is an operation with two operands.
type aluOp struct {
	code uint8
	off  int16 // 1: the signed form
	imm  immRule
	keep bool // 64-bit form with another register loses nothing
}

type immRule uint8

const (
	anyImm immRule = iota
	shiftImm
	divisorImm
)

var aluOps = [...]aluOp{
	{code: spec.OpADD, keep: true},
	{code: spec.OpSUB, keep: true},
	{code: spec.OpXOR, keep: true},
	{code: spec.OpMUL},
	{code: spec.OpOR},
	{code: spec.OpAND},
	{code: spec.OpLSH, imm: shiftImm},
	{code: spec.OpRSH, imm: shiftImm},
	{code: spec.OpARSH, imm: shiftImm},
	{code: spec.OpDIV, imm: divisorImm},
	{code: spec.OpDIV, off: 1, imm: divisorImm},
	{code: spec.OpMOD, imm: divisorImm},
	{code: spec.OpMOD, off: 1, imm: divisorImm},
}

// Shapes of scalar instructions.
const (
	shapeALU = iota
	shapeUnary
	shapeMovReg
	shapeMovImm
)

var scalarShapes = tape.NewTable(170, 30, 32, 24)

// scalar emits one instruction on scalars.
func (g *Generator) scalar() {
	switch g.src.Pick(scalarShapes) {
	case shapeALU:
		g.alu()
	case shapeUnary:
		g.unary()
	case shapeMovReg:
		g.moveReg()
	default:
		g.constant(g.target())
	}
}

// lossy guards a register before an operation that loses bits. Now and then it
// does not, so that chains of such operations come up as well.
func (g *Generator) lossy(r uint8) {
	if !g.src.Chance(12) {
		g.guard(r)
	}
}

func (g *Generator) alu() {
	op := &aluOps[g.src.Below(len(aluOps))]
	form := g.src.Byte()
	i := spec.Insn{Op: spec.ClassALU64 | op.code, Off: op.off}
	if form&0x40 != 0 {
		i.Op = spec.ClassALU | op.code
	}
	if op.off == 1 && g.src.Chance(24) {
		g.overflow(i)
		return
	}
	i.Dst = g.subject()
	if form&0x80 != 0 {
		i.Op |= spec.SrcX
		i.Src = g.operand()
		if op.keep && i.Op&7 == spec.ClassALU64 && i.Src != i.Dst {
			if op.code == spec.OpADD {
				g.st.hot &^= 1 << i.Src
			}
		} else {
			g.lossy(i.Dst)
		}
	} else {
		i.Imm = g.immediate(op.imm, i.Op)
		if i.Op&7 != spec.ClassALU64 || !op.keep && !(op.code == spec.OpMUL && i.Imm&1 != 0) {
			g.lossy(i.Dst)
		}
	}
	g.emit(i)
	g.st.set(i.Dst, value{kind: scalar})
}

// overflow divides the least number by -1.
func (g *Generator) overflow(i spec.Insn) {
	i.Dst, i.Imm = g.target(), -1
	least := uint64(1 << 63)
	if i.Op&7 == spec.ClassALU {
		least = 1<<31 | g.src.Int()<<32
	}
	g.lddw(i.Dst, spec.LDDWValue, int32(uint32(least)), int32(least>>32))
	g.st.set(i.Dst, value{kind: scalar})
	if set := g.free() &^ (1 << i.Dst); set != 0 && g.src.Coin() {
		i.Op, i.Src, i.Imm = i.Op|spec.SrcX, g.targetIn(set), 0
		g.movK(i.Src, -1)
		g.st.set(i.Src, value{kind: scalar})
	}
	g.emit(i)
	g.st.set(i.Dst, value{kind: scalar})
}

func (g *Generator) immediate(rule immRule, op uint8) int32 {
	switch rule {
	case shiftImm:
		if op&7 == spec.ClassALU {
			return int32(g.src.Below(32))
		}
		return int32(g.src.Below(64))
	case divisorImm:
		if v := g.src.Int32(); v != 0 {
			return v
		}
		return -1
	}
	return g.src.Int32()
}

// unary emits neg and the byte swaps.
func (g *Generator) unary() {
	b := g.src.Byte()
	i := spec.Insn{Dst: g.subject()}
	switch {
	case b < 40:
		i.Op = spec.ClassALU64 | spec.OpNEG
	case b < 80:
		i.Op = spec.ClassALU | spec.OpNEG
	default:
		i.Op = [...]uint8{spec.ClassALU | spec.OpEND, spec.ClassALU | spec.OpEND | spec.SrcX, spec.ClassALU64 | spec.OpEND}[b%3]
		i.Imm = [...]int32{64, 32, 16}[b/3%3]
	}
	if i.Imm != 64 && i.Op != spec.ClassALU64|spec.OpNEG {
		g.lossy(i.Dst)
	}
	g.emit(i)
	g.st.set(i.Dst, value{kind: scalar})
}

var moves = [...]spec.Insn{
	{Op: spec.MOVX},
	{Op: spec.ClassALU | spec.OpMOV | spec.SrcX},
	{Op: spec.MOVX, Off: 8},
	{Op: spec.MOVX, Off: 16},
	{Op: spec.MOVX, Off: 32},
	{Op: spec.ClassALU | spec.OpMOV | spec.SrcX, Off: 8},
	{Op: spec.ClassALU | spec.OpMOV | spec.SrcX, Off: 16},
}

// moveReg emits a move of a register, plain or with sign extension.
func (g *Generator) moveReg() {
	i := moves[g.src.Below(len(moves))]
	i.Dst = g.target()
	i.Src = g.operand()
	g.emit(i)
	g.st.set(i.Dst, value{kind: scalar})
}

// constant puts a number into a register.
func (g *Generator) constant(r uint8) {
	switch b := g.src.Byte(); {
	case b < 96:
		g.movK(r, g.src.Int32())
	case b < 160:
		g.emit(spec.Insn{Op: spec.ClassALU | spec.OpMOV, Dst: r, Imm: g.src.Int32()})
	default:
		v := g.src.Int()
		g.lddw(r, spec.LDDWValue, int32(uint32(v)), int32(v>>32))
	}
	g.st.set(r, value{kind: scalar})
}
