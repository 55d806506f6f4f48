package cfg

import "github.com/lockstep-ebpf/lockstep/spec"

// Registers as bits.
const (
	r0        = 1 << 0
	r6        = 1 << 6
	r10       = 1 << 10
	arguments = 0b11_1110
	clobbered = r0 | arguments
)

// liveness fills Live: backwards over the slots of each function until nothing changes.
func (g *Graph) liveness(o Options) {
	g.Live = make([]uint16, len(g.Insns))
	var next []int
	for _, f := range g.Funcs {
		for changed := true; changed; {
			changed = false
			for pc := f.End - 1; pc >= f.Start; pc-- {
				if g.Insns[pc].Op == 0 {
					continue
				}
				out := uint16(0)
				next = g.successors(pc, next[:0])
				for _, to := range next {
					out |= g.Live[to]
				}
				reads, writes := o.effect(g.Insns[pc])
				if in := out&^writes | reads | r10; in != g.Live[pc] {
					g.Live[pc], changed = in, true
				}
			}
		}
	}
}

// effect is Effect, with what the options know.
func (o *Options) effect(i spec.Insn) (reads, writes uint16) {
	reads, writes = Effect(i, o.Args)
	if i.Op == spec.CALL && i.Src == spec.CallKfunc && o.KernelArgs != nil {
		reads = arguments & (1<<(o.KernelArgs(i.Imm)+1) - 1)
	}
	return reads, writes
}

// Effect is the registers that an instruction reads and those that it writes.
func Effect(i spec.Insn, args func(helper int32) int) (reads, writes uint16) {
	dst, src := uint16(1)<<i.Dst, uint16(1)<<i.Src
	switch i.Class() {
	case spec.ClassALU, spec.ClassALU64:
		return aluEffect(i, dst, src)
	case spec.ClassLDX:
		return src, dst
	case spec.ClassST:
		return dst, 0
	case spec.ClassSTX:
		if i.Op&0xe0 == spec.ModeATOMIC {
			return atomicEffect(i, dst, src)
		}
		return dst | src, 0
	case spec.ClassLD:
		if i.Wide() {
			return 0, dst
		}
		if i.Op&0xe0 == spec.ModeIND {
			return r6 | src, clobbered
		}
		return r6, clobbered
	}
	return jumpEffect(i, dst, src, args)
}

func aluEffect(i spec.Insn, dst, src uint16) (reads, writes uint16) {
	op := i.Op & 0xf0
	if op != spec.OpMOV {
		reads = dst
	}
	if i.Op&spec.SrcX != 0 && op != spec.OpEND {
		reads |= src
	}
	return reads, dst
}

func atomicEffect(i spec.Insn, dst, src uint16) (reads, writes uint16) {
	switch {
	case i.Imm == spec.AtomicLoadAcq:
		return src, dst
	case i.Imm == spec.AtomicCmpXchg:
		return dst | src | r0, r0
	case i.Imm != spec.AtomicStoreRel && i.Imm&spec.AtomicFetch != 0:
		return dst | src, src
	}
	return dst | src, 0
}

func jumpEffect(i spec.Insn, dst, src uint16, args func(helper int32) int) (reads, writes uint16) {
	switch {
	case Plain(i), i.Op == spec.JCOND:
		return 0, 0
	case i.Op == spec.EXIT:
		return r0, 0
	case i.Op == spec.CALL:
		n := 5
		if i.Src == spec.CallHelper && args != nil {
			n = args(i.Imm)
		}
		return arguments & (1<<(n+1) - 1), clobbered
	case i.Op&spec.SrcX != 0:
		return dst | src, 0
	}
	return dst, 0
}
