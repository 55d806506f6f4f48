package fastvm

import (
	"fmt"
	"sync"

	"github.com/lockstep-ebpf/lockstep/internal/mutant"
	"github.com/lockstep-ebpf/lockstep/spec"
	"github.com/lockstep-ebpf/lockstep/vm"
)

// Engine is the threaded interpreter. The zero value is ready.
type Engine struct{}

// Name is "fastvm".
func (Engine) Name() string { return "fastvm" }

// Supports refuses what the engine cannot do: big-endian guests.
func (Engine) Supports(p *vm.Program) error {
	if p.Order != spec.Little {
		return &vm.Unsupported{What: "big-endian programs on fastvm"}
	}
	return nil
}

// instance is a program in the form that the loops run. Its code has one insn a
// slot, and one of padding.
type instance struct {
	code   []insn
	loaded *vm.Loaded
}

// instances that were closed, for their slices. A fuzzer loads a program, runs it
// a few times and throws it away.
var instances = sync.Pool{New: func() any { return new(instance) }}

// Load predecodes a program.
func (Engine) Load(l *vm.Loaded) (vm.Instance, error) {
	in := instances.Get().(*instance)
	n := len(l.Insns)
	if cap(in.code) <= n {
		in.code = make([]insn, n+1, n+n/2+16)
	}
	in.code = in.code[:n+1]
	in.loaded = l
	for pc := 0; pc < n; pc++ {
		x := &l.Insns[pc]
		i := &in.code[pc]
		*i = insn{op: uint16(x.Op), dst: x.Dst, src: x.Src, off: int32(x.Off), imm: uint64(int64(x.Imm))}
		if l.Aux[pc].Flags != 0 {
			return nil, &vm.Unsupported{What: fmt.Sprintf("insn %d: an access through a BTF pointer or into an arena, on fastvm", pc)}
		}
		switch special[x.Op] {
		case plain:
		case jump:
			i.off *= int32(size)
		case wide:
			i.imm = l.Aux[pc].Value
			if mutant.On(mutant.LDDWLowSignExtends) && x.Src == spec.LDDWValue {
				i.imm = uint64(int64(x.Imm)) | uint64(uint32(l.Insns[pc+1].Imm))<<32
			}
			pc++
			in.code[pc] = insn{op: padding}
		case odd:
			if !i.decodeOdd(x) {
				return nil, &vm.Unsupported{What: fmt.Sprintf("insn %d: %v, on fastvm", pc, *x)}
			}
		}
	}
	in.code[n] = insn{op: padding}
	fuse(in.code)
	return in, nil
}

// Close lets the next Load have the memory.
func (in *instance) Close() error {
	if in.loaded != nil {
		in.loaded = nil
		instances.Put(in)
	}
	return nil
}

// Kinds of eBPF opcode, by what predecoding has to do beyond copying fields.
const (
	plain = iota
	jump  // the distance in bytes
	wide  // an LDDW
	odd   // the rest: see decodeOdd
)

var special = func() (k [256]uint8) {
	for op := range 256 {
		switch op & 7 {
		case spec.ClassJMP, spec.ClassJMP32:
			k[op] = jump
		case spec.ClassLD:
			k[op] = odd
		case spec.ClassALU, spec.ClassALU64:
			if code := op & 0xf0; code == spec.OpDIV || code == spec.OpMOD || code == spec.OpEND || code == spec.OpMOV {
				k[op] = odd
			}
		}
	}
	k[spec.LDDW] = wide
	for _, op := range []uint8{
		spec.CALL, spec.EXIT, spec.JCOND, spec.JA32,
		spec.ClassSTX | spec.ModeATOMIC | spec.SizeB, spec.ClassSTX | spec.ModeATOMIC | spec.SizeH,
		spec.ClassSTX | spec.ModeATOMIC | spec.SizeW, spec.ClassSTX | spec.ModeATOMIC | spec.SizeDW,
	} {
		k[op] = odd
	}
	return k
}()

// decodeOdd chooses the op where the eBPF opcode does not say all. It reports
// false for a form that the engine does not know.
func (i *insn) decodeOdd(x *spec.Insn) bool {
	code := x.Op & 0xf0
	switch x.Class() {
	case spec.ClassALU, spec.ClassALU64:
		switch code {
		case spec.OpDIV, spec.OpMOD:
			if x.Off == 1 {
				i.op = signedDivision(x)
			}
		case spec.OpMOV:
			if x.Off != 0 {
				i.op = signExtension(x)
			}
		case spec.OpEND:
			i.op = byteSwap(x)
		}
	case spec.ClassJMP, spec.ClassJMP32:
		switch x.Op {
		case spec.JA32:
			i.op, i.off = ja, x.Imm*int32(size)
		case spec.EXIT:
			i.op = exit
		case spec.JCOND:
			i.op, i.off = mayGoto, i.off*int32(size)
		case spec.CALL:
			switch x.Src {
			case spec.CallHelper:
				i.op = callHelper
			case spec.CallLocal:
				i.op, i.off = callLocal, x.Imm*int32(size)
			default:
				return false
			}
		}
	case spec.ClassSTX:
		i.op = atomicStep
	case spec.ClassLD:
		i.op = packetLoad
	}
	return i.op != padding
}

func signedDivision(x *spec.Insn) uint16 {
	op := uint16(sdiv32K)
	if x.Op&0xf0 == spec.OpMOD {
		op = smod32K
	}
	if x.Class() == spec.ClassALU64 {
		op += sdiv64K - sdiv32K
	}
	if x.Op&spec.SrcX != 0 {
		op++
	}
	return op
}

func signExtension(x *spec.Insn) uint16 {
	switch to64 := x.Class() == spec.ClassALU64; {
	case x.Off == 8 && to64:
		return movsx8to64
	case x.Off == 16 && to64:
		return movsx16to64
	case x.Off == 32 && to64:
		return movsx32to64
	case x.Off == 8:
		return movsx8to32
	case x.Off == 16:
		return movsx16to32
	}
	return padding // a cast between address spaces
}

// byteSwap: a little-endian machine keeps the bytes for le and reverses them for
// be; bswap always reverses.
func byteSwap(x *spec.Insn) uint16 {
	keeps := x.Class() == spec.ClassALU && x.Op&spec.SrcX == 0
	switch {
	case keeps && x.Imm == 16:
		return zext16
	case keeps && x.Imm == 32:
		return zext32
	case keeps:
		return nop
	case x.Imm == 16:
		return swap16
	case x.Imm == 32:
		return swap32
	}
	return swap64
}
