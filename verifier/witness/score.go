package witness

import (
	"bytes"
	"math"
	"slices"

	"github.com/lockstep-ebpf/lockstep/spec"
	"github.com/lockstep-ebpf/lockstep/verifier/transfer"
	"github.com/lockstep-ebpf/lockstep/vm"
	"github.com/lockstep-ebpf/lockstep/vm/mem"
)

// failure is the failure with its program at hand.
type failure struct {
	*transfer.Failure
	insns []spec.Insn
}

// bounds are packet lengths around what the failing access reaches for.
func (f *failure) bounds() (all []int) {
	if f.Register < 0 || f.State == nil || f.Insn < 0 {
		return nil
	}
	r := &f.State.Frame().Regs[f.Register]
	if !r.IsPacket() {
		return nil
	}
	i := f.insns[f.Insn]
	end := int(r.Off) + int(i.Off) + i.Bytes()
	for _, n := range []int{end - 1, int(r.Range), end, end + 1, int(r.Range) + 1, int(r.Range) - 1} {
		if n >= 0 {
			all = append(all, n)
		}
	}
	return all
}

// score is how good a run was: how far along the path, and how near the branch there was to
// going on.
type score struct {
	level    int     // jumps of the path taken in order
	distance float64 // of the operands where it left the path
	reached  bool    // the failing instruction was run
}

// better compares two runs.
func (a score) better(b score) bool {
	switch {
	case a.level != b.level:
		return a.level > b.level
	case a.reached != b.reached:
		return a.reached
	}
	return a.distance < b.distance
}

// fork is a conditional jump as a run saw it.
type fork struct {
	pc     int
	x, y   uint64 // operands
	taken  bool   // by the run
	wanted bool   // by the path
}

// watch is what is noted of one run.
type watch struct {
	s      *search
	last   int // the slot before; -1: none
	prog   int
	level  int
	off    bool // the path was left
	at     fork // and here, if at.pc ≥ 0
	regs   [11]uint64
	fail   [11]uint64 // registers at the failing instruction, when it ran last
	failed bool
	undef  bool
	fresh  int // edges that no run has taken before
}

func (w *watch) begin(s *search) { *w = watch{s: s, last: -1, at: fork{pc: -1}} }

// see takes one instruction in.
func (w *watch) see(prog, pc int, regs *[11]uint64, undef uint16) {
	s := w.s
	if w.last >= 0 && prog == w.prog {
		if to := pc; to != w.last+1 || s.jumps(prog, w.last) {
			w.edge(w.last, to)
		}
	}
	if prog == s.f.Prog && pc == s.f.Insn {
		w.fail, w.failed = *regs, true
		if s.f.Rule == "unwritten-register" && s.f.Register >= 0 && undef>>s.f.Register&1 != 0 {
			w.undef = true
		}
	}
	if i := s.c.Programs[prog].Insns[pc]; i.Op == spec.CALL && i.Src == spec.CallHelper && i.Imm == vm.HelperMapLookup {
		s.noteKey(regs)
	}
	w.last, w.prog, w.regs = pc, prog, *regs
}

// mostKeys bounds what is remembered of a map.
const mostKeys = 16

// noteKey remembers the key of a lookup.
func (s *search) noteKey(regs *[11]uint64) {
	m := int(regs[1]-mem.MapBase) / mem.MapStride
	if regs[1] < mem.MapBase || m >= len(s.keys) || len(s.keys[m]) == mostKeys || !s.keyed(m) {
		return
	}
	key := s.o.Machine.Bytes(regs[2], int(s.c.Maps[m].KeySize))
	if !slices.ContainsFunc(s.keys[m], func(k []byte) bool { return bytes.Equal(k, key) }) {
		s.keys[m] = append(s.keys[m], key)
	}
}

// edge is a jump, or a conditional jump that was not taken.
func (w *watch) edge(from, to int) {
	key := uint32(from)*31 ^ uint32(to) ^ uint32(w.prog)<<20
	if n := key % uint32(len(w.s.edges)); !w.s.edges[n] {
		w.s.edges[n] = true
		w.fresh++
	}
	path := w.s.f.Path
	if w.off || w.prog != w.s.f.Prog || w.level >= len(path) {
		return
	}
	i := w.s.f.insns[from]
	if !onPath(i) {
		return
	}
	switch e := path[w.level]; {
	case e.From == from && e.To == to:
		w.level++
		return
	case e.From == from && w.level+1 < len(path) && path[w.level+1].To == to: // by way of the call of a helper that calls back
		w.level += 2
		return
	case e.From != from:
		w.off = true
		return
	}
	w.off = true
	if i.Op == spec.EXIT || i.Op == spec.CALL || i.Op == spec.JCOND {
		return
	}
	w.at = fork{pc: from, taken: to != from+1, wanted: path[w.level].To != from+1}
	w.at.x, w.at.y = w.operands(i)
}

// operands are what a conditional jump compared.
func (w *watch) operands(i spec.Insn) (x, y uint64) {
	x, y = w.regs[i.Dst], uint64(int64(i.Imm))
	if i.Op&spec.SrcX != 0 {
		y = w.regs[i.Src]
	}
	if i.Class() == spec.ClassJMP32 {
		x, y = uint64(uint32(x)), uint64(uint32(y))
	}
	return x, y
}

// onPath reports whether the verifier's path counts an instruction: conditional jumps,
// calls of functions, exits.
func onPath(i spec.Insn) bool {
	if c := i.Class(); c != spec.ClassJMP && c != spec.ClassJMP32 {
		return false
	}
	return i.Op != spec.JA && i.Op != spec.JA32
}

// jumps reports whether an instruction has two ways to go.
func (s *search) jumps(prog, pc int) bool {
	i := s.c.Programs[prog].Insns[pc]
	return onPath(i) && i.Op != spec.CALL && i.Op != spec.EXIT
}

// score sums a run up.
func (w *watch) score() score {
	sc := score{level: w.level, reached: w.failed}
	if w.at.pc >= 0 {
		sc.distance = distance(w.at.x, w.at.y)
	}
	return sc
}

// distance is how far two operands are apart, logarithmically: the high bits matter most.
func distance(x, y uint64) float64 {
	d := x - y
	if y > x {
		d = y - x
	}
	return math.Log2(float64(d) + 1)
}

// fuelOf is how long a run may be: long enough to be called endless where that is the
// question.
func fuelOf(f *transfer.Failure) uint64 {
	if endless(f) {
		return vm.DefaultFuel + 1
	}
	return 30_000
}

// endless reports whether the failure is that the program may not end.
func endless(f *transfer.Failure) bool {
	return f.Rule == "infinite-loop" || f.Rule == "too-many-insns"
}
