package kernelcmp

import (
	"math"

	"github.com/lockstep-ebpf/lockstep/spec"
	"github.com/lockstep-ebpf/lockstep/vm"
	"github.com/lockstep-ebpf/lockstep/vm/hook"
	"github.com/lockstep-ebpf/lockstep/vm/mem"
)

// plan is a program made fit for the kernel.
type plan struct {
	insns  []spec.Insn
	funcs  []int // where functions start in insns; nil of a malformed program
	fullR0 bool  // every exit of the main function stores r0
}

// canStoreR0 reports whether exits of the main function can be redirected: the
// program must have the shape that engines rely on, and its main function must not
// be called, or a callback, because then its exits are no exits.
func canStoreR0(p *vm.Program) (funcs []int, ok bool) {
	funcs, err := vm.Check(p)
	if err != nil {
		return nil, false
	}
	for pc, i := range p.Insns {
		if refersToFunc(i) && pc+1+int(i.Imm) == 0 {
			return funcs, false
		}
	}
	return funcs, true
}

// refersToFunc: the second slot of an LDDW has opcode 0 and so is neither.
func refersToFunc(i spec.Insn) bool {
	return i.Op == spec.CALL && i.Src == spec.CallLocal || i.Op == spec.LDDW && i.Src == spec.LDDWFunc
}

// instrument puts prologue before the main function, and behind it the epilogue
// that every exit of it then jumps to, if there is one:
//
//	main:  prologue                     main:  …
//	       …                                   goto store
//	       exit             becomes            …
//	f:     …                            store: r1 = &result; *(u64 *)(r1 + 0) = r0; exit
//	                                    f:     …
//
// At an exit r1 to r5 are dead, so the epilogue may use r1. Jumps stay as they are,
// because they do not leave their function; calls move.
func instrument(insns []spec.Insn, funcs []int, prologue, epilogue []spec.Insn) plan {
	end := len(insns) // of the main function
	if len(funcs) > 1 {
		end = funcs[1]
	}
	moved := func(pc int) int {
		if pc >= end {
			pc += len(epilogue)
		}
		return pc + len(prologue)
	}
	out := make([]spec.Insn, 0, len(prologue)+len(insns)+len(epilogue))
	out = append(out, prologue...)
	for pc, i := range insns {
		if pc == end {
			out = append(out, epilogue...)
		}
		switch {
		case refersToFunc(i):
			i.Imm = int32(moved(pc+1+int(i.Imm)) - moved(pc) - 1)
		case i.Op == spec.EXIT && pc < end && len(epilogue) > 0:
			i = jumpForward(end - pc - 1)
		}
		out = append(out, i)
	}
	if end == len(insns) {
		out = append(out, epilogue...)
	}
	p := plan{insns: out, fullR0: len(epilogue) > 0}
	for n, f := range funcs {
		if n > 0 { // the main function now starts with the prologue
			f = moved(f)
		}
		p.funcs = append(p.funcs, f)
	}
	return p
}

func jumpForward(distance int) spec.Insn {
	if distance > math.MaxInt16 {
		return spec.Insn{Op: spec.JA32, Imm: int32(distance)}
	}
	return spec.Insn{Op: spec.JA, Off: int16(distance)}
}

// storeR0 is the epilogue; fd is the map that takes r0.
func storeR0(fd int) []spec.Insn {
	return []spec.Insn{
		{Op: spec.LDDW, Dst: 1, Src: spec.LDDWMapValue, Imm: int32(fd)},
		{},
		{Op: spec.STXDW, Dst: 1, Src: 0},
		{Op: spec.EXIT},
	}
}

// memoryPrologue gives a program of type mem what it expects: r1 = address of its
// memory, which is the value of a map, r2 = length. An empty memory has an address
// all the same, the one that our machines use.
func memoryPrologue(fd, size int) []spec.Insn {
	r1 := spec.Insn{Op: spec.LDDW, Dst: 1, Src: spec.LDDWMapValue, Imm: int32(fd)}
	if size == 0 {
		r1 = spec.Insn{Op: spec.LDDW, Dst: 1, Imm: mem.DataBase}
	}
	return []spec.Insn{r1, {}, {Op: spec.MOV, Dst: 2, Imm: int32(size)}}
}

// bindMaps replaces numbers of maps by descriptors. The last of fds is none: it goes
// where a number is no map's, and the kernel's refusal is the answer.
func bindMaps(insns []spec.Insn, fds []int32) []spec.Insn {
	out := append([]spec.Insn(nil), insns...)
	for pc := range out {
		i := &out[pc]
		if i.Op == spec.LDDW && (i.Src == spec.LDDWMapFD || i.Src == spec.LDDWMapValue) {
			i.Imm = fds[min(uint(i.Imm), uint(len(fds)-1))]
		}
	}
	return out
}

// kernelType is the kernel's program type for one of ours. Type mem has no
// counterpart; a socket filter asks for the least.
func kernelType(t hook.Type) hook.Type {
	if t == hook.Unspec {
		return hook.SocketFilter
	}
	return t
}
