package cfg

import (
	"fmt"
	"slices"

	"github.com/lockstep-ebpf/lockstep/spec"
)

// Graph is a program's structure. It is read-only once built.
type Graph struct {
	Insns  []spec.Insn
	Funcs  []Func
	FuncOf []int32  // by slot: index into Funcs
	Live   []uint16 // by slot: bit n is set if rn may still be read
	Prune  []bool   // by slot
	Force  []bool   // by slot: a state has to be kept here, for a loop closes

	// Malformed has the slots whose fields hold what they may not, and Linux's words for it.
	// Like Linux, which removes code that no path reaches, it is for paths to find them.
	Malformed map[int]string
}

// Func is a function: the slots from Start up to End, which is not its own.
type Func struct {
	Start, End int
	Calls      []Call
	Callback   bool // its address is taken
	TailCalls  bool
	LDAbs      bool
}

// Call is a static call, or the place where a callback's address is taken.
type Call struct{ At, To int } // slot, index into Funcs

// Error is the first mistake of a program's structure.
type Error struct {
	Insn int
	Rule string // stable identifier
	Text string // as Linux says it
}

func (e *Error) Error() string { return fmt.Sprintf("insn %d: %s", e.Insn, e.Text) }

// Options say what the structure depends on.
type Options struct {
	Args     func(helper int32) int  // how many of r1 to r5 a helper looks at
	TailCall int32                   // the helper's number
	Loops    func(helper int32) bool // helpers that call back

	KernelArgs func(id int32) int      // how many registers a kernel function looks at
	Iterates   func(id int32) bool     // kernel functions that take an iterator a step further
	Later      func(helper int32) bool // helpers that have something called later
}

// tailCall is bpf_tail_call's number.
const tailCall = 12

// MaxFuncs is how many functions a program may have (BPF_MAX_SUBPROGS).
const MaxFuncs = 256

// Build finds functions and edges, and checks them.
func Build(insns []spec.Insn, o Options) (*Graph, *Error) {
	g := &Graph{Insns: insns}
	for _, pass := range []func() *Error{g.findFuncs, g.checkFuncs, g.checkForms, g.reach} {
		if err := pass(); err != nil {
			return nil, err
		}
	}
	g.note(o)
	g.liveness(o)
	return g, nil
}

func (g *Graph) fail(pc int, rule, format string, args ...any) *Error {
	return &Error{pc, rule, fmt.Sprintf(format, args...)}
}

// FuncAt is the index of the function that starts at a slot, or -1.
func (g *Graph) FuncAt(slot int) int {
	i, ok := slices.BinarySearchFunc(g.Funcs, slot, func(f Func, s int) int { return f.Start - s })
	if !ok {
		return -1
	}
	return i
}

// callee is the slot that a call or an LDDW of a function names.
func callee(i spec.Insn, pc int) (to int, ok bool) {
	if i.Op == spec.CALL && i.Src == spec.CallLocal || i.Op == spec.LDDW && i.Src == spec.LDDWFunc {
		return pc + 1 + int(i.Imm), true
	}
	return 0, false
}

func (g *Graph) findFuncs() *Error {
	starts := []int{0}
	for pc, i := range g.Insns {
		to, ok := callee(i, pc)
		if !ok {
			continue
		}
		if to < 0 || to >= len(g.Insns) {
			return g.fail(pc, "call-target", "call to invalid destination")
		}
		if at, found := slices.BinarySearch(starts, to); !found {
			starts = slices.Insert(starts, at, to)
		}
	}
	if len(starts) > MaxFuncs {
		return g.fail(0, "too-many-functions", "too many subprograms")
	}
	g.FuncOf = make([]int32, len(g.Insns))
	for n, start := range starts {
		end := len(g.Insns)
		if n+1 < len(starts) {
			end = starts[n+1]
		}
		g.Funcs = append(g.Funcs, Func{Start: start, End: end})
		for pc := start; pc < end; pc++ {
			g.FuncOf[pc] = int32(n)
		}
	}
	return nil
}

// Jump is the slot that an instruction may jump to, if it may.
func Jump(i spec.Insn, pc int) (to int, jumps bool) {
	switch c := i.Class(); {
	case c != spec.ClassJMP && c != spec.ClassJMP32:
	case i.Op == spec.CALL, i.Op == spec.EXIT, i.Op&0xf0 == spec.OpCALL, i.Op&0xf0 == spec.OpEXIT:
	case i.Op == spec.JA32:
		return pc + 1 + int(i.Imm), true
	default:
		return pc + 1 + int(i.Off), true
	}
	return 0, false
}

// Plain reports whether an instruction always jumps.
func Plain(i spec.Insn) bool { return i.Op == spec.JA || i.Op == spec.JA32 }

// checkFuncs is Linux's check_subprogs.
func (g *Graph) checkFuncs() *Error {
	for _, f := range g.Funcs {
		for pc := f.Start; pc < f.End; pc++ {
			if to, jumps := Jump(g.Insns[pc], pc); jumps && (to < f.Start || to >= f.End) {
				return g.fail(pc, "jump-range", "jump out of range from insn %d to %d", pc, to)
			}
		}
		if i := g.Insns[f.End-1]; i.Op != spec.EXIT && !Plain(i) {
			return g.fail(f.End-1, "falls-off", "last insn is not an exit or jmp")
		}
	}
	return nil
}

// checkForms asks the table of instructions whether each slot is one. Opcodes and LDDWs
// have to be right everywhere, other fields where a path comes by.
func (g *Graph) checkForms() *Error {
	for pc := 0; pc < len(g.Insns); pc++ {
		if g.Insns[pc].Op == 0 {
			return g.fail(pc, "form", "unknown opcode 00")
		}
		i := g.Insns[pc]
		if _, err := spec.Check(g.Insns, pc); err != nil && !tolerated(g.Insns, pc) {
			text := formText(i, err)
			if everywhere(i, pc, err) {
				return g.fail(pc, "form", "%s", text)
			}
			if g.Malformed == nil {
				g.Malformed = map[int]string{}
			}
			g.Malformed[pc] = text
		}
		if i.Wide() {
			pc++
		}
	}
	return nil
}

// successors appends the slots that control may go to. A call returns.
func (g *Graph) successors(pc int, to []int) []int {
	i := g.Insns[pc]
	if i.Op == spec.EXIT {
		return to
	}
	if t, jumps := Jump(i, pc); jumps {
		to = append(to, t)
		if Plain(i) {
			return to
		}
	}
	if i.Wide() {
		return append(to, pc+2)
	}
	return append(to, pc+1)
}

// reach looks for slots that no path comes to, functions that nobody calls included.
func (g *Graph) reach() *Error {
	seen := make([]bool, len(g.Insns))
	work := []int{0}
	var next []int
	for len(work) > 0 {
		pc := work[len(work)-1]
		work = work[:len(work)-1]
		if seen[pc] {
			continue
		}
		seen[pc] = true
		if to, ok := callee(g.Insns[pc], pc); ok {
			work = append(work, to)
		}
		next = g.successors(pc, next[:0])
		for _, to := range next {
			if to >= len(g.Insns) || g.FuncOf[to] != g.FuncOf[pc] {
				return g.fail(pc, "falls-off", "jump out of range from insn %d to %d", pc, to)
			}
			work = append(work, to)
		}
	}
	for pc := 0; pc < len(g.Insns); pc++ {
		if !seen[pc] {
			return g.fail(pc, "unreachable", "unreachable insn %d", pc)
		}
		if g.Insns[pc].Wide() {
			if seen[pc+1] {
				return g.fail(pc, "jump-into-lddw", "jump into the middle of ldimm64 insn %d", pc)
			}
			pc++
		}
	}
	return nil
}

// note collects calls and the places to look back at.
func (g *Graph) note(o Options) {
	g.Prune, g.Force = make([]bool, len(g.Insns)), make([]bool, len(g.Insns))
	for pc := 0; pc < len(g.Insns); pc++ {
		i := g.Insns[pc]
		f := &g.Funcs[g.FuncOf[pc]]
		if to, ok := callee(i, pc); ok {
			n := g.FuncAt(to)
			f.Calls = append(f.Calls, Call{pc, n})
			g.Prune[pc], g.Prune[to] = true, true
			if i.Op != spec.CALL {
				g.Funcs[n].Callback, g.Prune[pc+2] = true, true
			}
		}
		if to, jumps := Jump(i, pc); jumps {
			if g.Prune[to] = true; !Plain(i) {
				g.Prune[pc] = true
			}
		}
		if i.Op == spec.CALL {
			g.Prune[pc+1] = true
		}
		switch {
		case i.Op == spec.CALL && i.Src == spec.CallHelper && i.Imm == tailCall:
			f.TailCalls = true
		case i.Class() == spec.ClassLD && !i.Wide():
			f.LDAbs = true
		case i.Op == spec.CALL && i.Src == spec.CallKfunc && o.Iterates != nil && o.Iterates(i.Imm), i.Op == spec.JCOND, i.Op == spec.CALL && i.Src == spec.CallHelper && o.Loops != nil && o.Loops(i.Imm):
			g.Prune[pc], g.Force[pc] = true, true
		case i.Op == spec.CALL && i.Src == spec.CallHelper && o.Later != nil && o.Later(i.Imm):
			g.Prune[pc] = true
		}
		if i.Wide() {
			pc++
		}
	}
}
