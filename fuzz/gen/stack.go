package gen

import "github.com/lockstep-ebpf/lockstep/spec"

// ensure writes the data slots that touch [off, off+n) and are not yet written.
func (g *Generator) ensure(off, n int) {
	for s := off &^ 7; s < off+n; s += 8 {
		if g.st.marked(s, 8) {
			continue
		}
		if g.src.Chance(80) {
			g.emit(spec.Insn{Op: spec.STDW, Dst: r10, Off: int16(s), Imm: g.src.Int32()})
		} else {
			g.stx(8, r10, g.operand(), s)
		}
		g.st.mark(s, 8)
	}
}

// run picks n data slots in a row and gives their offset from r10; n is at most
// the number of slots.
func (g *Generator) run(n int) int {
	return g.frame.data + 8*g.src.Below(g.frame.slots-n+1)
}

// stackAccess writes or reads the frame by r10.
func (g *Generator) stackAccess() {
	b := g.src.Byte()
	size := 8 >> (b & 3)
	off := g.frame.data + size*g.src.Below(8*g.frame.slots/size)
	switch {
	case b < 92:
		g.stx(size, r10, g.operand(), off)
		g.st.mark(off, size)
	case b < 128:
		g.emit(spec.Insn{Op: spec.ClassST | spec.ModeMEM | sizeBits(size), Dst: r10, Off: int16(off), Imm: g.src.Int32()})
		g.st.mark(off, size)
	default:
		g.ensure(off, size)
		g.load(g.target(), r10, off, size, b&4 != 0)
	}
}

// framePointer makes a pointer to some written slots of the frame.
func (g *Generator) framePointer() uint8 {
	n := g.src.Between(1, min(4, g.frame.slots))
	off := g.run(n)
	g.ensure(off, 8*n)
	r := g.target()
	g.pointTo(r, off)
	g.st.set(r, value{kind: memPtr, trait: strict | atomics, align: 3, hi: int16(8 * n)})
	return r
}

// pointTo makes r the address of the frame's bytes at off.
func (g *Generator) pointTo(r uint8, off int) {
	g.movX(r, r10)
	g.k64(spec.OpADD, r, int32(off))
}

// takeSlot sets a spill slot apart, or gives -1.
func (g *Generator) takeSlot() int {
	for i := range g.frame.spare {
		if g.frame.used>>i&1 == 0 {
			g.frame.used |= 1 << i
			g.st.spill[i] = value{}
			return i
		}
	}
	return -1
}

func (g *Generator) slotOff(i int) int { return g.frame.spill + 8*i }

// spill saves a register, pointers too, or takes one back.
func (g *Generator) spill() bool {
	i := g.src.Below(g.frame.spare)
	if g.frame.used>>i&1 != 0 {
		return false
	}
	off := g.slotOff(i)
	if v := g.st.spill[i]; v.kind != dead && !g.src.Chance(96) {
		r := g.target()
		g.ldx(8, r, r10, off)
		g.st.set(r, v)
		return true
	}
	set := g.st.scal
	if ptrs := g.st.ptrs; ptrs != 0 && g.src.Coin() {
		set = ptrs
	}
	r := g.among(set)
	g.stx(8, r10, r, off)
	g.st.spill[i] = g.st.regs[r]
	return true
}
