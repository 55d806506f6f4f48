package reduce

import (
	"slices"

	"github.com/lockstep-ebpf/lockstep/spec"
	"github.com/lockstep-ebpf/lockstep/vm"
	"github.com/lockstep-ebpf/lockstep/vm/maps"
)

func (w *work) dropInputs() bool {
	any := false
	for i := len(w.best.Inputs) - 1; i >= 0 && len(w.best.Inputs) > 1; i-- {
		if i >= len(w.best.Inputs) {
			continue
		}
		any = w.edit(func(c *vm.Case) bool {
			c.Inputs = slices.Delete(c.Inputs, i, i+1)
			return true
		}) || any
	}
	return any
}

// dropPrograms removes programs; without the first one the second runs. Entries of
// program arrays that named one name the first instead, or are removed too; the
// numbers after it move down.
func (w *work) dropPrograms() bool {
	any := false
	for k := len(w.best.Programs) - 1; k >= 0 && len(w.best.Programs) > 1; k-- {
		for _, first := range []bool{true, false} {
			if w.edit(func(c *vm.Case) bool {
				c.Programs = slices.Delete(c.Programs, k, k+1)
				for _, s := range c.Maps {
					if s.Type == maps.ProgArray {
						s.Entries = renumber(s.Entries, uint32(k), first, c.Programs[0].Order)
					}
				}
				return true
			}) {
				any = true
				break
			}
		}
	}
	return any
}

func renumber(entries []maps.Entry, gone uint32, first bool, o spec.ByteOrder) []maps.Entry {
	out := entries[:0]
	for _, e := range entries {
		if len(e.Value) != 4 {
			continue
		}
		switch v := o.Binary().Uint32(e.Value); {
		case v == gone && !first:
			continue
		case v == gone:
			o.Binary().PutUint32(e.Value, 0)
		case v > gone:
			o.Binary().PutUint32(e.Value, v-1)
		}
		out = append(out, e)
	}
	return out
}

// dropMaps removes maps that no instruction names.
func (w *work) dropMaps() bool {
	any := false
	for fd := len(w.best.Maps) - 1; fd >= 0; fd-- {
		any = w.edit(func(c *vm.Case) bool {
			c.Maps = slices.Delete(c.Maps, fd, fd+1)
			for _, p := range c.Programs {
				for k, i := range p.Insns {
					if !namesMap(i) {
						continue
					}
					if int(i.Imm) == fd {
						return false
					}
					if int(i.Imm) > fd {
						p.Insns[k].Imm--
					}
				}
			}
			return true
		}) || any
	}
	return any
}

func namesMap(i spec.Insn) bool {
	return i.Op == spec.LDDW && (i.Src == spec.LDDWMapFD || i.Src == spec.LDDWMapValue ||
		i.Src == spec.LDDWMapIdx || i.Src == spec.LDDWMapIdxValue)
}

func (w *work) dropEntries() bool {
	any := false
	for fd := range w.best.Maps {
		for size := len(w.best.Maps[fd].Entries); size > 0; size /= 2 {
			for at := 0; at+size <= len(w.best.Maps[fd].Entries); {
				if w.edit(func(c *vm.Case) bool {
					c.Maps[fd].Entries = slices.Delete(c.Maps[fd].Entries, at, at+size)
					return true
				}) {
					any = true
				} else {
					at += size
				}
			}
		}
	}
	return any
}

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

// bytes shortens the inputs and turns their bytes to zero.
func (w *work) bytes() bool {
	any := false
	for i := range w.best.Inputs {
		for _, field := range []func(*vm.Input) *[]byte{
			func(in *vm.Input) *[]byte { return &in.Memory },
			func(in *vm.Input) *[]byte { return &in.Packet },
			func(in *vm.Input) *[]byte { return &in.Context },
		} {
			any = w.shorten(i, field) || any
			any = w.zero(i, field) || any
		}
		any = w.edit(func(c *vm.Case) bool {
			was := c.Inputs[i].Seed
			c.Inputs[i].Seed = 0
			return was != 0
		}) || any
	}
	return any
}

func (w *work) shorten(i int, field func(*vm.Input) *[]byte) bool {
	any := false
	for cut := len(*field(&w.best.Inputs[i])); cut > 0; {
		if w.edit(func(c *vm.Case) bool {
			b := field(&c.Inputs[i])
			if cut > len(*b) {
				return false
			}
			*b = (*b)[:len(*b)-cut]
			return true
		}) {
			any = true
			continue
		}
		cut /= 2
	}
	return any
}

func (w *work) zero(i int, field func(*vm.Input) *[]byte) bool {
	any := false
	n := len(*field(&w.best.Inputs[i]))
	for size := n; size > 0; size /= 4 {
		for at := 0; at < n; at += size {
			any = w.edit(func(c *vm.Case) bool {
				b := (*field(&c.Inputs[i]))[at:min(at+size, n)]
				if !slices.ContainsFunc(b, func(x byte) bool { return x != 0 }) {
					return false
				}
				clear(b)
				return true
			}) || any
		}
	}
	return any
}
