package gen

import (
	"github.com/lockstep-ebpf/lockstep/fuzz/tape"
	"github.com/lockstep-ebpf/lockstep/spec"
	"github.com/lockstep-ebpf/lockstep/vm"
	"github.com/lockstep-ebpf/lockstep/vm/hook"
	"github.com/lockstep-ebpf/lockstep/vm/mem"
)

// brokenFuel bounds programs whose loops may have been broken.
const brokenFuel = 20_000

// Perturb makes the case that a tape stands for and breaks it: it drops a guard,
// lets a pointer go wild, changes a size, an offset, a register, a call. No slot is
// added or removed, so the shape stays valid (vm.Check), but at run time anything
// may happen: the case is for checked engines, whose faults must be equal in kind,
// pc and address. Like Generate's, the case is valid until the next one is made.
func (g *Generator) Perturb(src *tape.Source) *vm.Case {
	c := g.Generate(src)
	c.Fuel = brokenFuel
	for range src.Between(1, 4) {
		p := &g.programs[src.Below(len(c.Programs))]
		// The place is drawn; the first break from there on that fits is made.
		at, kind := src.Below(len(p.Insns)), src.Below(len(breaks))
		for n := range p.Insns {
			pc := (at + n) % len(p.Insns)
			if p.Insns[pc].Op == 0 {
				continue // the second half of an LDDW
			}
			if g.tryBreak(p, pc, kind) {
				break
			}
		}
	}
	if src.Chance(24) {
		g.shorten()
	}
	return c
}

// breaks are the ways to break an instruction. Each says whether it had anything
// to do with the one at pc.
var breaks = [...]func(g *Generator, insns []spec.Insn, pc int) bool{
	dropGuard, wildPointer, moveAccess, resizeAccess, otherRegister, otherCall, otherAddress, otherNumber,
}

// tryBreak breaks the instruction at pc, unless it cannot or the slot would not be
// an instruction any more.
func (g *Generator) tryBreak(p *vm.Program, pc, kind int) bool {
	was := p.Insns[pc]
	if !breaks[kind](g, p.Insns, pc) {
		return false
	}
	if _, err := spec.Check(p.Insns, pc); err != nil {
		p.Insns[pc] = was
		return false
	}
	return true
}

// accesses reports whether an instruction goes to memory, and by which register.
func accesses(i spec.Insn) (base uint8, ok bool) {
	switch i.Class() {
	case spec.ClassLDX:
		return i.Src, true
	case spec.ClassST:
		return i.Dst, true
	case spec.ClassSTX:
		if i.Op&0xe0 == spec.ModeATOMIC && i.Imm == spec.AtomicLoadAcq {
			return i.Src, true
		}
		return i.Dst, true
	}
	return 0, false
}

// dropGuard makes a conditional jump never or always jump.
func dropGuard(g *Generator, insns []spec.Insn, pc int) bool {
	i := &insns[pc]
	if _, jumps := vm.JumpTarget(*i, pc); !jumps || i.Op == spec.JA || i.Op == spec.JA32 {
		return false
	}
	off := i.Off
	if g.src.Chance(160) {
		off = 0
	}
	*i = spec.Insn{Op: spec.JA, Off: off}
	return true
}

// places are addresses near which it is interesting to point.
var places = [...]uint64{
	0, mem.CodeBase, mem.StackBase, mem.StackBase + mem.FrameSize, mem.StackBase + mem.FrameStride, mem.ContextBase, mem.PacketBase,
	mem.DataBase, mem.MapBase, mem.ValueBase, mem.ValueEnd, mem.ArenaBase, mem.KernelBase, 0xffff_ffff,
}

// wildPointer replaces an instruction on numbers in front of an access by one that
// changes the access's pointer.
func wildPointer(g *Generator, insns []spec.Insn, pc int) bool {
	base, ok := accesses(insns[pc])
	if !ok || base == r10 || pc == 0 {
		return false
	}
	i := &insns[pc-1]
	if c := i.Class(); c != spec.ClassALU && c != spec.ClassALU64 {
		return false
	}
	*i = spec.Insn{Op: spec.ClassALU64 | spec.OpADD, Dst: base}
	switch g.src.Below(4) {
	case 0:
		i.Imm = int32(g.src.Below(2*mem.FrameStride) - mem.FrameStride)
	case 1:
		i.Op, i.Imm = spec.MOV, int32(uint32(places[g.src.Below(len(places))]+uint64(g.src.Below(32))-16))
	case 2:
		i.Op, i.Imm = spec.ClassALU64|spec.OpLSH, int32(g.src.Below(64))
	default:
		i.Imm = g.src.Int32()
	}
	return true
}

// moveAccess changes an offset: a little, to the edges of a frame, or far.
func moveAccess(g *Generator, insns []spec.Insn, pc int) bool {
	if _, ok := accesses(insns[pc]); !ok {
		return false
	}
	off := &insns[pc].Off
	if insns[pc].Op&^0x18 == spec.ClassSTX|spec.ModeATOMIC && g.src.Coin() {
		*off ^= 4 // aligned for one size, and not for the other
		return true
	}
	switch g.src.Below(4) {
	case 0:
		*off += int16(g.src.Below(16)) - 7
	case 1:
		*off = -mem.FrameSize + int16(g.src.Below(16)) - 8
	case 2:
		*off = int16(g.src.Below(16)) - 8
	default:
		*off = int16(g.src.Int32())
	}
	return true
}

// resizeAccess changes how many bytes are accessed.
func resizeAccess(g *Generator, insns []spec.Insn, pc int) bool {
	if _, ok := accesses(insns[pc]); !ok {
		return false
	}
	insns[pc].Op = insns[pc].Op&^0x18 | g.src.Byte()&0x18
	return true
}

// otherRegister changes a register, so that numbers become pointers and pointers
// numbers.
func otherRegister(g *Generator, insns []spec.Insn, pc int) bool {
	i := &insns[pc]
	if i.Op == spec.CALL || i.Op == spec.LDDW {
		return false
	}
	if r := uint8(g.src.Below(11)); g.src.Coin() {
		i.Dst = r
	} else {
		i.Src = r
	}
	return true
}

// otherCall lets a call go to another function, perhaps its own, or another helper.
func otherCall(g *Generator, insns []spec.Insn, pc int) bool {
	i := &insns[pc]
	if i.Op != spec.CALL {
		return false
	}
	if i.Src == spec.CallHelper {
		helpers := [...]int32{vm.HelperMapLookup, vm.HelperMapUpdate, vm.HelperMapDelete, vm.HelperTracePrintk, vm.HelperTailCall, vm.HelperLoop}
		i.Imm = helpers[g.src.Below(len(helpers))]
		return true
	}
	// To a function that is there: a new one might begin in the middle of another.
	for n, from := 0, g.src.Below(len(insns)); n < len(insns); n++ {
		at := (from + n) % len(insns)
		if x := insns[at]; x.Op == spec.CALL && x.Src == spec.CallLocal && at != pc {
			i.Imm = int32(at + 1 + int(x.Imm) - pc - 1)
			return true
		}
	}
	return false
}

// otherAddress makes a plain number of the address of a map or a function.
func otherAddress(g *Generator, insns []spec.Insn, pc int) bool {
	i := &insns[pc]
	if i.Op != spec.LDDW || i.Src == spec.LDDWValue || i.Src == spec.LDDWFunc {
		return false
	}
	i.Src = spec.LDDWValue
	i.Imm = int32(uint32(places[g.src.Below(len(places))])) + int32(g.src.Below(1024))
	return true
}

// otherNumber changes an immediate.
func otherNumber(g *Generator, insns []spec.Insn, pc int) bool {
	i := &insns[pc]
	if c := i.Class(); c != spec.ClassALU64 && c != spec.ClassALU && c != spec.ClassST {
		return false
	}
	i.Imm = g.src.Int32()
	return true
}

// shorten cuts an input.
func (g *Generator) shorten() {
	in := &g.inputs[g.src.Below(len(g.inputs))]
	switch {
	case len(in.Packet) > 0:
		in.Packet = in.Packet[:g.src.Below(min(len(in.Packet), 24))]
	case len(in.Memory) > 0:
		in.Memory = in.Memory[:g.src.Below(len(in.Memory))]
	case g.typ == hook.Syscall:
		in.Context = in.Context[:g.src.Below(len(in.Context))]
	}
}
