package vm

import (
	"errors"
	"fmt"
	"slices"

	"github.com/lockstep-ebpf/lockstep/spec"
	"github.com/lockstep-ebpf/lockstep/vm/hook"
)

// MaxInsns is the longest program, in slots (Linux's BPF_COMPLEXITY_LIMIT_INSNS).
const MaxInsns = 1_000_000

// Check makes sure of what every engine relies on: the program's shape. It is no
// verifier; it says nothing of registers, memory or termination. It returns the
// slots where functions start.
//
// The rules are those of Linux's check_subprogs and check_cfg that concern shape:
// jumps stay inside their function and off the second half of an LDDW, calls and
// callbacks name an instruction, the last instruction of a function does not fall
// through.
func Check(p *Program) (funcs []int, err error) { return check(p, nil) }

// check appends the functions to funcs.
func check(p *Program, funcs []int) ([]int, error) {
	n := len(p.Insns)
	switch {
	case n == 0:
		return nil, &Rejected{-1, "the program is empty"}
	case n > MaxInsns:
		return nil, &Rejected{-1, fmt.Sprintf("the program has %d slots, more than %d", n, MaxInsns)}
	}
	if err := spec.CheckAll(p.Insns); err != nil {
		var bad *spec.Error
		if errors.As(err, &bad) {
			return nil, &Rejected{bad.Slot, err.Error()[len(fmt.Sprintf("insn %d: ", bad.Slot)):]}
		}
		return nil, err
	}
	funcs, err := findFuncs(p, funcs)
	if err != nil {
		return nil, err
	}
	for f, start := range funcs {
		end := n
		if f+1 < len(funcs) {
			end = funcs[f+1]
		}
		if err := checkFunc(p.Insns, start, end); err != nil {
			return nil, err
		}
	}
	return funcs, nil
}

// findFuncs collects the targets of local calls and of callback addresses.
func findFuncs(p *Program, funcs []int) ([]int, error) {
	funcs = append(funcs, 0)
	for pc := 0; pc < len(p.Insns); pc++ {
		i := p.Insns[pc]
		switch {
		case i.Op == spec.CALL && i.Src == spec.CallLocal, i.Op == spec.LDDW && i.Src == spec.LDDWFunc:
			to := pc + 1 + int(i.Imm)
			if to < 0 || to >= len(p.Insns) || secondHalf(p.Insns, to) {
				return nil, &Rejected{pc, fmt.Sprintf("there is no function at %d", to)}
			}
			if !slices.Contains(funcs, to) {
				funcs = append(funcs, to)
			}
		}
		if i.Wide() {
			pc++
		}
	}
	slices.Sort(funcs)
	return funcs, nil
}

// secondHalf reports whether the slot at pc is the second one of an LDDW. No
// instruction has opcode 0, so the slot itself tells.
func secondHalf(insns []spec.Insn, pc int) bool { return insns[pc].Op == 0 }

func checkFunc(insns []spec.Insn, start, end int) error {
	last := start
	for pc := start; pc < end; pc++ {
		i := insns[pc]
		last = pc
		if to, jumps := JumpTarget(i, pc); jumps && (to < start || to >= end || secondHalf(insns, to)) {
			return &Rejected{pc, fmt.Sprintf("jump to %d is out of its function's range %d to %d, or into an lddw", to, start, end-1)}
		}
		if i.Wide() {
			pc++
		}
	}
	if op := insns[last].Op; op != spec.EXIT && op != spec.JA && op != spec.JA32 {
		return &Rejected{last, "control falls off the end of the function: the last instruction must be exit or ja"}
	}
	return nil
}

// JumpTarget is the slot that an instruction at pc may jump to, if it may.
func JumpTarget(i spec.Insn, pc int) (to int, jumps bool) {
	switch c := i.Class(); {
	case c != spec.ClassJMP && c != spec.ClassJMP32, i.Op == spec.CALL, i.Op == spec.EXIT:
		return 0, false
	case i.Op == spec.JA32:
		return pc + 1 + int(i.Imm), true
	}
	return pc + 1 + int(i.Off), true
}

// resolve fills Aux: what the LDDWs name, and what is not simulated.
func (l *Loaded) resolve() error {
	info := hook.Lookup(l.Type)
	if info == nil {
		return &Unsupported{l.Type.String()}
	}
	l.Aux = slices.Grow(l.Aux[:0], len(l.Insns))[:len(l.Insns)]
	clear(l.Aux)
	for pc, i := range l.Insns {
		switch {
		case i.Op == spec.LDDW:
			v, err := l.resolveLDDW(pc)
			if err != nil {
				return err
			}
			l.Aux[pc].Value = v
		case i.Op == spec.CALL && i.Src == spec.CallHelper:
			if l.World.Helper(i.Imm) == nil {
				return &Unsupported{fmt.Sprintf("helper %d", i.Imm)}
			}
		case i.Op == spec.CALL && i.Src == spec.CallKfunc:
			return &Unsupported{"kernel functions (kfunc)"}
		case i.Op == spec.MOVX && i.Off == 1:
			return &Unsupported{"arenas (addr_space_cast)"}
		case i.Class() == spec.ClassLD && i.Op != 0 && !info.LDAbs:
			return &Rejected{pc, "LD_ABS and LD_IND are for programs with a socket buffer, not " + info.Name}
		}
	}
	return nil
}

func (l *Loaded) resolveLDDW(pc int) (uint64, error) {
	lo, hi := l.Insns[pc], l.Insns[pc+1]
	switch lo.Src {
	case spec.LDDWValue:
		return spec.Imm64(lo, hi), nil
	case spec.LDDWFunc:
		return l.FuncAddress(pc + 1 + int(lo.Imm)), nil
	case spec.LDDWBTFVar:
		return 0, &Unsupported{"kernel variables (lddw.btf_var)"}
	}
	fd := int(lo.Imm)
	if fd < 0 || fd >= len(l.World.Maps) {
		return 0, &Rejected{pc, fmt.Sprintf("there is no map %d: the case has %d", fd, len(l.World.Maps))}
	}
	if lo.Src == spec.LDDWMapFD || lo.Src == spec.LDDWMapIdx {
		return MapAddress(fd), nil
	}
	addr, ok := l.World.Maps[fd].ValueAt(uint32(hi.Imm))
	if !ok {
		return 0, &Rejected{pc, fmt.Sprintf("map %d has no direct value at offset %d", fd, uint32(hi.Imm))}
	}
	return uint64(addr), nil
}
