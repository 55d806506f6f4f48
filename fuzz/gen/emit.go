package gen

import (
	"math/bits"

	"github.com/lockstep-ebpf/lockstep/spec"
)

// emit appends an instruction and counts its executions against the budget.
func (g *Generator) emit(i spec.Insn) int {
	g.code = append(g.code, i)
	g.spent += g.weight
	if i.Src == g.acc { // never r0: that is what instructions without a source name
		g.st.twin = true
	}
	return len(g.code) - 1
}

func (g *Generator) k64(op, d uint8, imm int32) {
	g.emit(spec.Insn{Op: spec.ClassALU64 | op, Dst: d, Imm: imm})
}

func (g *Generator) x64(op, d, s uint8) {
	g.emit(spec.Insn{Op: spec.ClassALU64 | spec.SrcX | op, Dst: d, Src: s})
}

func (g *Generator) movK(d uint8, imm int32) { g.k64(spec.OpMOV, d, imm) }
func (g *Generator) movX(d, s uint8)         { g.x64(spec.OpMOV, d, s) }

func (g *Generator) lddw(d, src uint8, lo, hi int32) {
	g.emit(spec.Insn{Op: spec.LDDW, Dst: d, Src: src, Imm: lo})
	g.code = append(g.code, spec.Insn{Imm: hi})
}

func (g *Generator) ldx(size int, d, s uint8, off int) {
	g.emit(spec.Insn{Op: spec.ClassLDX | spec.ModeMEM | sizeBits(size), Dst: d, Src: s, Off: int16(off)})
}

func (g *Generator) stx(size int, d, s uint8, off int) {
	g.emit(spec.Insn{Op: spec.ClassSTX | spec.ModeMEM | sizeBits(size), Dst: d, Src: s, Off: int16(off)})
}

func (g *Generator) helper(id int32) { g.emit(spec.Insn{Op: spec.CALL, Imm: id}) }

// jump emits an unconditional jump to be patched, in either form.
func (g *Generator) jump() int {
	if g.src.Chance(96) {
		return g.emit(spec.Insn{Op: spec.JA32})
	}
	return g.emit(spec.Insn{Op: spec.JA})
}

// patch lets the jump at pc go to the next instruction to be emitted.
func (g *Generator) patch(pc int) { g.patchTo(pc, len(g.code)) }

func (g *Generator) patchTo(pc, to int) {
	if g.code[pc].Op == spec.JA32 {
		g.code[pc].Imm = int32(to - pc - 1)
		return
	}
	g.code[pc].Off = int16(to - pc - 1)
}

// r10 is the frame pointer.
const r10 = 10

// among picks one of a set of registers, which must not be empty.
func (g *Generator) among(set uint16) uint8 {
	start := int(g.src.Byte() & 15)
	return uint8((bits.TrailingZeros16(bits.RotateLeft16(set, -start)) + start) & 15)
}

// free is the set of registers that may be written.
func (g *Generator) free() uint16 { return 0x3ff &^ g.locked }

// target picks a register to be overwritten, preferably one that holds nothing of
// worth, and saves what it holds.
func (g *Generator) target() uint8 { return g.targetIn(g.free()) }

func (g *Generator) targetIn(set uint16) uint8 {
	if idle := set &^ (g.st.hot | g.st.ptrs); idle != 0 && !g.src.Chance(96) {
		set = idle
	}
	r := g.among(set)
	g.guard(r)
	return r
}

// operand picks a scalar to read. The accumulator is always one.
func (g *Generator) operand() uint8 { return g.among(g.st.scal) }

// subject picks a scalar to read and write.
func (g *Generator) subject() uint8 {
	if set := g.st.scal & g.free(); set != 0 {
		return g.among(set)
	}
	r := g.among(g.free())
	g.movX(r, g.acc)
	g.st.set(r, value{kind: scalar})
	return r
}

// guard saves a register that is about to lose its value.
func (g *Generator) guard(r uint8) {
	if g.st.isHot(r) {
		g.fold(r)
	}
}

var foldOps = [...]uint8{spec.OpXOR, spec.OpADD, spec.OpSUB, spec.OpXOR, spec.OpADD}

// fold passes a scalar on without loss: into the accumulator, sometimes into
// another register.
func (g *Generator) fold(r uint8) {
	g.st.hot &^= 1 << r
	b := g.src.Byte()
	if others := g.st.scal & g.free() &^ (1 << r); b >= 240 && others != 0 {
		into := g.among(others)
		g.st.hot |= 1 << into
		g.x64(spec.OpADD, into, r)
		return
	}
	if r != g.acc {
		g.absorb(r)
	}
	if b&0x60 == 0 {
		g.stir(g.acc)
	}
}

// absorb folds a number into the accumulator. If that number may have been made
// from the accumulator as it stands, the sum could be 0 and all be lost: then the
// accumulator is changed first.
func (g *Generator) absorb(r uint8) {
	if g.st.twin {
		g.multiply(g.acc, g.src.Byte())
		g.st.twin = false
	}
	g.x64(foldOps[g.src.Below(len(foldOps))], g.acc, r)
}

// multiply loses nothing, as the factor is odd.
func (g *Generator) multiply(r, b uint8) {
	g.k64(spec.OpMUL, r, int32(b&127)<<20|0x9e35|int32(b)<<8)
}

// stir makes folding non-linear, so that what is folded twice does not cancel out.
func (g *Generator) stir(r uint8) {
	switch b := g.src.Byte(); {
	case b < 160:
		g.multiply(r, b)
	case b < 224:
		g.emit(spec.Insn{Op: spec.ClassALU64 | spec.OpEND, Dst: r, Imm: 64})
	default:
		g.emit(spec.Insn{Op: spec.ClassALU64 | spec.OpNEG, Dst: r})
	}
}
