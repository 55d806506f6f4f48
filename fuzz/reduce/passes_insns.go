package reduce

import (
	"slices"

	"github.com/lockstep-ebpf/lockstep/spec"
	"github.com/lockstep-ebpf/lockstep/vm"
)

// dropInsns removes blocks of instructions, halving their size, from the end of
// the program to its beginning: what comes later depends on what comes before.
func (w *work) dropInsns() bool {
	any := false
	for p := range w.best.Programs {
		nodes := parse(w.best.Programs[p].Insns)
		for size := len(nodes) / 2; size > 0; size /= 2 {
			for lo := len(nodes) - size; lo > -size; lo -= size {
				from := max(lo, 0)
				if from+size > len(nodes) {
					continue
				}
				if less := without(nodes, from, from+size); w.program(p, less) {
					nodes, any = less, true
				}
			}
		}
	}
	return any
}

// unloop calls a bpf_loop's callback as a subprogram instead: one round shows most
// of what many show, with fewer instructions to set it up.
func (w *work) unloop() bool {
	any := false
	for p := range w.best.Programs {
		nodes := parse(w.best.Programs[p].Insns)
		callback := -1 // of the LDDW last seen
		for k, n := range nodes {
			switch {
			case n.Op == spec.LDDW && n.Src == spec.LDDWFunc:
				callback = n.to
			case n.Op == spec.CALL && n.Src == spec.CallHelper && n.Imm == vm.HelperLoop && callback >= 0:
				changed := slices.Clone(nodes)
				changed[k] = node{Insn: spec.Insn{Op: spec.CALL, Src: spec.CallLocal}, to: callback}
				if w.program(p, changed) {
					nodes, any = changed, true
				}
			}
		}
	}
	return any
}

// straighten drops conditional branches or makes them unconditional.
func (w *work) straighten() bool {
	return w.each(func(n node) []node {
		if n.to < 0 || n.Op == spec.CALL || n.Op == spec.LDDW || n.Op == spec.JA || n.Op == spec.JA32 {
			return nil
		}
		ja := plain(spec.Insn{Op: spec.JA})
		ja.to = n.to
		return []node{ja}
	})
}

// each tries, for every instruction, what could stand in its place.
func (w *work) each(others func(n node) []node) bool {
	any := false
	for p := range w.best.Programs {
		nodes := parse(w.best.Programs[p].Insns)
		for k := range nodes {
			for _, n := range others(nodes[k]) {
				if n == nodes[k] {
					continue
				}
				changed := slices.Clone(nodes)
				changed[k] = n
				if w.program(p, changed) {
					nodes, any = changed, true
					break
				}
			}
		}
	}
	return any
}

// constants replaces an instruction that computes a register by the number that
// it computed last in the reference run.
func (w *work) constants() bool {
	any := false
	for p := range w.best.Programs {
		made := w.observe(p)
		nodes := parse(w.best.Programs[p].Insns)
		slot := 0
		for k := range nodes {
			v, ok := made[slot]
			slot++
			if nodes[k].Wide() {
				slot++
			}
			if !ok || nodes[k].Op == spec.MOV || nodes[k].Op == spec.LDDW {
				continue
			}
			changed := slices.Clone(nodes)
			changed[k] = constant(v.reg, v.value)
			if w.program(p, changed) {
				nodes, any = changed, true
			}
		}
	}
	return any
}

type made struct {
	reg   uint8
	value uint64
}

// observe lists, by slot of a program, what the reference run computed there.
func (w *work) observe(p int) map[int]made {
	out := map[int]made{}
	trace := w.r.Reference.Trace(w.best, w.s.Mismatch.Input, maxTrace)
	for i := 0; i+1 < len(trace); i++ {
		s, next := &trace[i], &trace[i+1]
		row := s.Row()
		if s.Program != p || row == nil || s.Insn.Op == spec.EXIT || s.Depth != next.Depth {
			continue
		}
		regs := writes(row, s.Insn)
		if s.Insn.Op == spec.CALL {
			regs = []uint8{0}
		}
		for _, reg := range regs {
			out[s.PC] = made{reg, next.Regs[reg]}
		}
	}
	return out
}

// simplify replaces an instruction by one that does less.
func (w *work) simplify() bool {
	return w.each(func(n node) []node {
		row := spec.Lookup(n.Insn)
		if row == nil || n.Op == spec.EXIT || n.to >= 0 || n.Op == spec.MOV {
			return nil
		}
		regs := writes(row, n.Insn)
		if n.Op == spec.CALL {
			regs = []uint8{0}
		}
		if len(regs) != 1 {
			return nil
		}
		return []node{constant(regs[0], 0), constant(regs[0], 1)}
	})
}

// numbers makes immediates and offsets smaller.
func (w *work) numbers() bool {
	return w.each(func(n node) []node {
		if n.Op == spec.CALL || n.Op == spec.JA32 {
			return nil
		}
		var out []node
		if n.Wide() {
			if n.Src != spec.LDDWValue {
				return nil
			}
			return append(out, smaller(n.Dst, spec.Imm64(n.Insn, n.hi))...)
		}
		for _, v := range []int32{0, 1, -1, n.Imm / 2, n.Imm &^ -0x10000} {
			if abs(v) < abs(n.Imm) || v >= 0 && n.Imm < 0 && abs(v) == abs(n.Imm) {
				m := n
				m.Imm = v
				out = append(out, m)
			}
		}
		return out
	})
}

// smaller lists numbers to try instead of v, the simplest first.
func smaller(reg uint8, v uint64) []node {
	var out []node
	for _, s := range []uint64{0, 1, ^uint64(0), v & 0x7fff_ffff, v & 0xffff_ffff, v &^ 0xffff_ffff, v&^0xffff_ffff | 1, v >> 63 << 63, 1 << 32, 1<<32 | 1} {
		if n := constant(reg, s); s != v && len(out) < 10 && simpler(s, v) {
			out = append(out, n)
		}
	}
	return out
}

// simpler orders numbers so that reduction ends: fewer digits other than zero,
// then less.
func simpler(a, b uint64) bool {
	x, y := digits(a), digits(b)
	return x < y || x == y && a < b
}

// digits counts the hex digits that neither repeat the sign nor are zero.
func digits(v uint64) int {
	if int64(v) < 0 && v>>32 == 0xffff_ffff {
		v = -v
	}
	n := 0
	for ; v != 0; v >>= 4 {
		if v&0xf != 0 {
			n++
		}
	}
	return n
}

func abs(v int32) int64 { return max(int64(v), -int64(v)) }
