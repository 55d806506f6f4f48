package gen

import (
	"math/bits"

	"github.com/lockstep-ebpf/lockstep/spec"
	"github.com/lockstep-ebpf/lockstep/vm/hook"
)

// A packet starts two bytes past a multiple of four: so its IP header is aligned
// (NET_IP_ALIGN). Verifiers that want aligned accesses go by that.
const packetAlign, packetPhase = 2, 2

// packet emits a bounds check of the packet and accesses behind it.
func (g *Generator) packet() bool {
	data, end := 0, 4
	switch {
	case g.ctx == none || g.nesting > 4 || g.full():
		return false
	case g.typ == hook.SchedCLS:
		data, end = hook.SkbData, hook.SkbDataEnd
	case g.typ != hook.XDP:
		return false
	}
	set := g.free()
	if bits.OnesCount16(set) < 4 {
		return false
	}
	var r [4]uint8 // start, end, a number, the checked end
	for i := range r {
		r[i] = g.targetIn(set)
		set &^= 1 << r[i]
		g.st.set(r[i], value{})
	}
	g.ldx(4, r[0], g.ctx, data)
	n, keep := g.src.Between(1, 32), 0
	if g.src.Chance(96) {
		keep = g.src.Between(1, 5)
		g.bounded(r[2], keep, 0)
		g.x64(spec.OpADD, r[0], r[2])
	}
	g.ldx(4, r[1], g.ctx, end)
	g.movX(r[3], r[0])
	g.k64(spec.OpADD, r[3], int32(n))
	there := value{kind: memPtr, trait: rigid, hi: int16(n)}
	if keep == 0 {
		there.align, there.phase = packetAlign, packetPhase
	}
	i := spec.Insn{Op: spec.ClassJMP | spec.SrcX | spec.OpJGT, Dst: r[3], Src: r[1]}
	if g.src.Coin() { // the same the other way round
		i.Op, i.Dst, i.Src = spec.ClassJMP|spec.SrcX|spec.OpJLT, r[1], r[3]
	}
	if g.src.Chance(48) { // stop where it is too short
		i.Op ^= spec.OpJGT ^ spec.OpJLE
		if i.Op&0xf0 != spec.OpJLE {
			i.Op = i.Op&0xf | spec.OpJGE
		}
		ok := g.emit(i)
		g.finish()
		g.patch(ok)
		g.st.set(r[0], there)
		return true
	}
	g.arms(g.emit(i), g.src.Below(ifElse), func() {
		g.st.set(r[0], there)
		for range g.src.Between(1, 4) {
			if g.st.regs[r[0]] == there {
				g.access(r[0])
			}
		}
		g.block(g.src.Between(0, 6))
	})
	return true
}

// absolute emits LD_ABS or LD_IND. Outside the packet they end the program, so
// most are inside of the shortest one.
func (g *Generator) absolute() bool {
	if g.level > 0 || g.ctx != 6 || !g.hasAbs() {
		return false
	}
	b := g.src.Byte()
	i := spec.Insn{Op: spec.ClassLD | spec.ModeABS | [...]uint8{spec.SizeW, spec.SizeH, spec.SizeB}[b%3], Imm: int32(g.src.Below(minPacket - 8 - 4 + 1))}
	if b >= 254 {
		i.Imm = int32(g.src.Below(128))
	}
	g.vacate(0)
	if b&1 != 0 {
		i.Op = i.Op&^0xe0 | spec.ModeIND
		i.Src = g.targetIn(g.free())
		g.bounded(i.Src, 3, 0)
	}
	g.emit(i)
	keep := g.st.regs[i.Src]
	g.st.clobber()
	if i.Src > 5 {
		g.st.set(i.Src, keep)
	}
	g.st.set(0, value{kind: scalar})
	return true
}
