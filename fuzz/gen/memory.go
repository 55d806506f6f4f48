package gen

import (
	"math/bits"

	"github.com/lockstep-ebpf/lockstep/spec"
)

// pointer picks a register with a pointer to at least n bytes, or none.
func (g *Generator) pointer(n int) uint8 {
	var set uint16
	for m := g.st.ptrs; m != 0; m &= m - 1 {
		r := bits.TrailingZeros16(m)
		if v := &g.st.regs[r]; v.kind == memPtr && int(v.hi-v.lo) >= max(1, n) {
			set |= 1 << r
		}
	}
	if set == 0 {
		return none
	}
	return g.among(set)
}

// place picks a size and an offset inside what a pointer reaches. With aligned,
// the address is a multiple of the size.
func (g *Generator) place(v *value, size int, aligned bool) (off, n int) {
	for size > int(v.hi-v.lo) {
		size >>= 1
	}
	aligned = aligned || v.trait&strict != 0 || g.opt.Aligned
	for aligned && size > 1<<v.align {
		size >>= 1
	}
	off = g.src.Between(int(v.lo), int(v.hi)-size)
	if !aligned {
		return off, size
	}
	off -= (off + int(v.phase)) & (size - 1)
	if off < int(v.lo) {
		off += size
	}
	if off+size > int(v.hi) { // too narrow for an aligned one
		return int(v.lo), 1
	}
	return off, size
}

// access reads or writes through a pointer.
func (g *Generator) access(p uint8) {
	v := g.st.regs[p]
	b := g.src.Byte()
	if v.trait&atomics != 0 && g.features[withAtomics] && b >= 224 {
		g.atomicAt(p, &v)
		return
	}
	off, size := g.place(&v, 8>>(b&3), false)
	switch {
	case b < 112:
		g.load(g.target2(p), p, off, size, b&4 != 0)
	case b < 192:
		g.stx(size, p, g.operand(), off)
	default:
		g.emit(spec.Insn{Op: spec.ClassST | spec.ModeMEM | sizeBits(size), Dst: p, Off: int16(off), Imm: g.src.Int32()})
	}
}

// target2 is target, but seldom the pointer in use itself.
func (g *Generator) target2(p uint8) uint8 {
	if g.src.Chance(24) || g.free()&^(1<<p) == 0 {
		return g.target()
	}
	return g.targetIn(g.free() &^ (1 << p))
}

// derive makes a pointer: to the frame, or from another by adding a number.
func (g *Generator) derive() bool {
	p := g.pointer(2)
	if p == none || g.features[withStack] && g.src.Coin() {
		if !g.features[withStack] {
			return false
		}
		p = g.framePointer()
	}
	v := g.st.regs[p]
	room := int(v.hi - v.lo)
	if v.kind != memPtr || room < 2 {
		return true
	}
	if g.src.Chance(80) { // a constant
		q := g.target2(p)
		if g.st.regs[p].kind != memPtr {
			return true
		}
		by := int16(g.src.Between(int(v.lo), int(v.hi)-1))
		if v.trait&strict != 0 && g.src.Coin() {
			by = by &^ 7
		}
		g.movX(q, p)
		if v.trait&strict != 0 || g.src.Coin() {
			g.k64(spec.OpADD, q, int32(by))
		} else { // Linux: not with the stack
			g.k64(spec.OpSUB, q, -int32(by))
		}
		v.lo, v.hi, v.phase = v.lo-by, v.hi-by, uint8(int(v.phase)+int(by))&(1<<v.align-1)
		g.st.set(q, v)
		return true
	}
	switch {
	case v.trait&rigid != 0:
	case g.nesting < 4 && g.src.Chance(56):
		g.within(p)
	default:
		g.vary(p)
	}
	return true
}

// vary makes a pointer from p and a scalar of which only so many bits are kept
// that the result stays inside.
func (g *Generator) vary(p uint8) {
	v := g.st.regs[p]
	most := bits.Len16(uint16(v.hi-v.lo)) - 1 // 1<<most bytes are there
	keep := g.src.Between(1, most)
	low := g.src.Below(min(keep, 4))
	set := g.free() &^ (1 << p)
	if bits.OnesCount16(set) < 2 {
		return
	}
	q := g.targetIn(set)
	g.st.set(q, value{})
	t := g.targetIn(set &^ (1 << q))
	g.bounded(t, keep, low) // from here to the sum nothing may be folded into t
	g.movX(q, p)
	g.x64(spec.OpADD, q, t)
	v.hi -= int16(1<<keep - 1)
	if v.trait&strict != 0 {
		v.trait &^= atomics
	}
	if low < 3 && v.align > uint8(low) {
		v.align = uint8(low)
		v.phase &= 1<<low - 1
	}
	g.st.set(q, v)
}

// within adds a scalar that has been compared with what the pointer reaches.
func (g *Generator) within(p uint8) {
	v := g.st.regs[p]
	set := g.free() &^ (1 << p)
	if bits.OnesCount16(set) < 2 {
		return
	}
	q := g.targetIn(set)
	g.st.set(q, value{})
	t := g.targetIn(set &^ (1 << q))
	n := int16(g.src.Between(1, int(v.hi-v.lo)))
	i := spec.Insn{Op: spec.ClassJMP | spec.OpJGT, Dst: t, Imm: int32(n - 1)}
	if g.src.Coin() {
		i.Op, i.Imm = i.Op&7|spec.OpJGE, int32(n)
	}
	if g.src.Coin() {
		i.Op = i.Op&^7 | spec.ClassJMP32
		g.emit(spec.Insn{Op: spec.ClassALU | spec.OpMOV | spec.SrcX, Dst: t, Src: g.operand()})
	} else {
		g.movX(t, g.operand())
	}
	g.st.set(t, value{kind: scalar})
	g.arms(g.emit(i), g.src.Below(ifElse), func() {
		g.movX(q, p)
		g.x64(spec.OpADD, q, t)
		v.hi -= n - 1
		v.align, v.phase = 0, 0
		if v.trait&strict != 0 {
			v.trait &^= atomics
		}
		g.st.set(q, v)
		g.access(q)
		g.block(g.src.Between(0, 5))
	})
}

// bounded puts an unknown number below 1<<bits into t, a multiple of 1<<low.
func (g *Generator) bounded(t uint8, keep, low int) { g.boundedBy(t, g.operand(), keep, low) }

func (g *Generator) boundedBy(t, s uint8, keep, low int) {
	mask := int32(1<<keep-1) &^ int32(1<<low-1)
	g.movX(t, s)
	if !g.src.Chance(24) {
		g.absorb(t)
	}
	switch b := g.src.Byte(); {
	case b >= 208 && low == 0:
		g.k64(spec.OpRSH, t, int32(64-keep))
	case b >= 160:
		g.emit(spec.Insn{Op: spec.ClassALU | spec.OpAND, Dst: t, Imm: mask})
	default:
		g.k64(spec.OpAND, t, mask)
	}
	g.st.set(t, value{kind: scalar})
}
