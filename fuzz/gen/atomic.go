package gen

import "github.com/lockstep-ebpf/lockstep/spec"

var atomicOps = [...]int32{
	spec.AtomicAdd, spec.AtomicOr, spec.AtomicAnd, spec.AtomicXor,
	spec.AtomicAdd | spec.AtomicFetch, spec.AtomicOr | spec.AtomicFetch, spec.AtomicAnd | spec.AtomicFetch, spec.AtomicXor | spec.AtomicFetch,
	spec.AtomicXchg, spec.AtomicCmpXchg, spec.AtomicLoadAcq, spec.AtomicStoreRel,
}

// atomic emits an atomic operation on the frame or on a map value.
func (g *Generator) atomic() {
	for m := g.st.ptrs; m != 0 && g.src.Coin(); m &= m - 1 {
		p := g.among(m)
		if v := g.st.regs[p]; v.kind == memPtr && v.trait&atomics != 0 && v.hi-v.lo >= 4 {
			g.atomicAt(p, &v)
			return
		}
	}
	if !g.features[withStack] && g.features[withMaps] {
		p := g.direct()
		v := g.st.regs[p]
		g.atomicAt(p, &v)
		return
	}
	off := g.run(1)
	g.ensure(off, 8)
	g.atomicAt(r10, &value{kind: memPtr, trait: strict | atomics, align: 3, lo: int16(off), hi: int16(off + 8)})
}

// atomicAt emits an atomic operation through p.
func (g *Generator) atomicAt(p uint8, v *value) {
	imm := atomicOps[g.src.Below(len(atomicOps))]
	size := 8 >> (g.src.Byte() & 1)
	ordered := imm == spec.AtomicLoadAcq || imm == spec.AtomicStoreRel
	if ordered {
		size = 8 >> (g.src.Byte() & 3)
	}
	off, n := g.place(v, size, true)
	i := spec.Insn{Dst: p, Off: int16(off), Imm: imm}
	switch {
	case n < 4 && !ordered:
		g.load(g.target2(p), p, off, n, false)
		return
	case imm == spec.AtomicLoadAcq:
		i.Dst, i.Src = g.target2(p), p
	case imm == spec.AtomicCmpXchg:
		if p == 0 || !g.st.isScalar(0) {
			return
		}
		g.guard(0)
		i.Src = g.operand()
		if g.src.Coin() { // it would seldom succeed
			g.stx(n, p, 0, off)
		}
	case imm&spec.AtomicFetch != 0:
		i.Src = g.subject()
		g.guard(i.Src)
	default:
		i.Src = g.operand()
	}
	if p != r10 && g.st.regs[p].kind != memPtr {
		return // the only register left was needed for the operand
	}
	i.Op = spec.ClassSTX | spec.ModeATOMIC | sizeBits(n)
	g.emit(i)
	switch {
	case imm == spec.AtomicLoadAcq:
		g.st.set(i.Dst, value{kind: scalar})
	case imm == spec.AtomicCmpXchg:
		g.st.set(0, value{kind: scalar})
	case imm&spec.AtomicFetch != 0 && !ordered:
		g.st.set(i.Src, value{kind: scalar})
	}
}
