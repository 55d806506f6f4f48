// Package plan is what a lowering has to know of a program before it emits code:
// where basic blocks start, what they charge, which registers are in use.
package plan

import (
	"slices"

	"github.com/lockstep-ebpf/lockstep/spec"
	"github.com/lockstep-ebpf/lockstep/vm"
)

// Mode is a way to compile a program. The zero value is trusted, exact, in blocks.
type Mode uint8

// Modes, to be joined.
const (
	Checked  Mode = 1 << iota // look at the shadow bytes of accesses
	Fast                      // charge fuel at loop heads and entries only
	Single                    // charge every instruction by itself
	NumModes = 1 << iota
)

// Flags say what a slot is.
type Flags uint8

// Flags of a slot.
const (
	Head    Flags = 1 << iota // a basic block starts
	Loop                      // a jump from this slot or a later one leads here
	Entry                     // a function starts
	Called                    // a local call leads here
	Wide                      // the second half of an LDDW, no instruction
	Escapes                   // of a function's first slot: it makes pointers out of r10
)

// Plan is a program as a lowering sees it.
//
// Invariant: control enters a block at its head only, except when the driver
// resumes after an instruction that left to it; then the block was charged.
type Plan struct {
	*vm.Loaded
	Mode   Mode
	back   []int32 // of a loop head: the last slot that jumps there
	Sites  []int32 // the slots of calls of helpers that return, in order: an exit for one names its number here
	Flags  []Flags // one a slot, and one of padding: a head
	Used   uint16  // bit n: the program names rn
	Calls  bool    // it calls or may call functions of its own
	Unroll bool    // the lowering unrolls loops: see Unrolled
	Blind  bool    // the program's constants may not appear in the code: set after New
	Odd    int     // the slot of a helper's call that changes the flow of control in a way nobody knows here, or -1
}

// New plans l. The Plan's buffers are old's, which may be nil.
func New(l *vm.Loaded, m Mode, old *Plan) *Plan {
	p := old
	if p == nil {
		p = &Plan{}
	}
	n := len(l.Insns)
	flags := p.Flags
	if cap(flags) <= n {
		flags = make([]Flags, n+1, n+n/2+16)
	}
	flags = flags[:n+1]
	clear(flags)
	back := slices.Grow(p.back[:0], n+1)[:n+1]
	*p = Plan{Loaded: l, Mode: m, Flags: flags, back: back, Sites: p.Sites[:0], Odd: -1}
	p.scan()
	return p
}

func (p *Plan) scan() {
	n := len(p.Insns)
	for _, f := range p.Funcs {
		p.Flags[f] |= Head | Entry
	}
	p.Flags[n] = Head
	p.Calls = len(p.Funcs) > 1
	fn := 0
	for pc := 0; pc < n; pc++ {
		i := &p.Insns[pc]
		if p.Flags[pc]&Entry != 0 {
			fn = pc
		}
		if i.Src == 10 && i.Class() != spec.ClassLDX {
			p.Flags[fn] |= Escapes
		}
		p.Used |= 1<<i.Dst | 1<<(i.Src&0xf)
		switch i.Class() {
		case spec.ClassJMP, spec.ClassJMP32:
			p.jump(*i, pc)
		case spec.ClassLD:
			p.Used |= 1
			if i.Wide() {
				pc++
				p.Flags[pc] |= Wide
			}
		case spec.ClassSTX:
			if i.Op&0xe0 == spec.ModeATOMIC {
				p.Used |= 1 // cmpxchg
			}
		}
		if p.Mode&Single != 0 {
			p.Flags[pc+1] |= Head
		}
	}
}

// jump marks what a jump, call or exit at pc starts.
func (p *Plan) jump(i spec.Insn, pc int) {
	if i.Op == spec.CALL {
		p.Used |= 0x3f // r0 to r5
		if Returns(i) {
			p.Sites = append(p.Sites, int32(pc))
			return // to the same block
		}
		if i.Src == spec.CallLocal {
			p.Calls = true
			p.Flags[pc+1+int(i.Imm)] |= Called
		}
		if i.Src == spec.CallHelper && vm.HelperByID(i.Imm).Flow > vm.Walks {
			p.Odd = pc
		}
	}
	p.Flags[pc+1] |= Head
	if to, jumps := vm.JumpTarget(i, pc); jumps {
		p.Flags[to] |= Head
		if to <= pc {
			p.Flags[to] |= Loop
			p.back[to] = int32(pc) // later ones are farther
		}
	}
}

// Site is the number of the helper's call at a slot.
func (p *Plan) Site(pc int) int {
	n, _ := slices.BinarySearch(p.Sites, int32(pc))
	return n
}

// Returns reports whether a CALL is of a helper that leaves control flow alone.
func Returns(i spec.Insn) bool {
	return i.Src == spec.CallHelper && vm.HelperByID(i.Imm).Flow == vm.Returns
}

// Charge is how many instructions the block at a slot has to charge; 0: it
// charges nothing.
//
// In fast mode it is a Visit, or one for each round of a loop that stands there.
func (p *Plan) Charge(pc int) uint32 {
	switch {
	case p.Flags[pc]&Head == 0:
		return 0
	case p.Mode&Fast == 0:
		return 1 + p.Rest(pc)
	case p.Unrolled(pc):
		return Rounds * p.Visit(pc)
	}
	return p.Visit(pc)
}

// Visit is what fast mode charges whenever control comes to a slot. Loop heads and
// entries charge alone: a loop all its slots, a function that is called all of its
// own. A round trip of control goes as far back as it has gone forward, so no more than
// what was charged, and the length of the program, can ever run between two looks at
// the fuel.
func (p *Plan) Visit(pc int) uint32 {
	n := p.LoopSize(pc)
	if p.Flags[pc]&Called != 0 {
		n = max(n, uint32(p.end(pc)-pc))
	}
	if n == 0 && p.Flags[pc]&Entry != 0 {
		n = 1 + p.Rest(pc)
	}
	return n
}

// LoopSize is how many slots the loop has whose head is at a slot; 0: none starts there.
func (p *Plan) LoopSize(pc int) uint32 {
	if p.Flags[pc]&Loop == 0 {
		return 0
	}
	return uint32(int(p.back[pc]) - pc + 1)
}

// Rounds is how many rounds of an unrolled loop stand in the code, one after the other.
const Rounds = 4

// Unrolled reports whether the loop whose head is at a slot is unrolled: the head
// charges for all rounds, and where the loop ends before the last the rest is given back.
// That is for loops of one small block, in fast mode, in trusted mode: nothing in
// them may leave for the driver, which would come back in the first round and not be
// charged. A function that is called charges for more than its first loop.
func (p *Plan) Unrolled(head int) bool {
	n := int(p.LoopSize(head))
	if !p.Unroll || p.Mode != Fast || n < 2 || n > 8 || p.Flags[head]&Called != 0 {
		return false
	}
	for pc := head; pc < head+n-1; pc++ {
		i := &p.Insns[pc]
		switch i.Class() {
		case spec.ClassALU, spec.ClassALU64:
		case spec.ClassLDX, spec.ClassST, spec.ClassSTX:
			if i.Op&0xe0 == spec.ModeATOMIC || p.Aux[pc].Flags != 0 {
				return false
			}
		default:
			return false
		}
		if p.Flags[pc+1]&Head != 0 {
			return false
		}
	}
	last := &p.Insns[head+n-1]
	return last.Op&0xf0 != spec.OpJA && last.Op != spec.JCOND
}

// end is the slot behind the function that starts at a slot.
func (p *Plan) end(start int) int {
	if at, _ := slices.BinarySearch(p.Funcs, start+1); at < len(p.Funcs) {
		return p.Funcs[at]
	}
	return len(p.Insns)
}

// Rest is how many instructions stand between the one at pc and the end of its
// block: what was charged too much when the program ends there.
func (p *Plan) Rest(pc int) uint32 {
	n := uint32(0)
	for pc++; p.Flags[pc]&Head == 0; pc++ {
		if p.Flags[pc]&Wide == 0 {
			n++
		}
	}
	return n
}

// BySrc is i with the register src in place of its immediate, if there is such a form of
// i and the immediate is one that a program can choose freely: not a shift's count,
// nor a byte swap's width. A lowering that blinds constants puts the immediate into src
// first.
func BySrc(i spec.Insn, src uint8) (spec.Insn, bool) {
	if i.Op&spec.SrcX != 0 {
		return i, false
	}
	switch i.Class() {
	case spec.ClassALU, spec.ClassALU64:
		switch i.Op & 0xf0 {
		case spec.OpNEG, spec.OpEND, spec.OpLSH, spec.OpRSH, spec.OpARSH:
			return i, false
		}
	case spec.ClassJMP, spec.ClassJMP32:
		if _, jumps := vm.JumpTarget(i, 0); !jumps || i.Op == spec.JA || i.Op == spec.JA32 || i.Op == spec.JCOND {
			return i, false
		}
	default:
		return i, false
	}
	i.Op, i.Src, i.Imm = i.Op|spec.SrcX, src, 0
	return i, true
}

// Code is what a lowering makes of a plan. The slices are valid until the lowering
// is used again.
type Code struct {
	Bytes  []byte   // can be copied anywhere; entered at its first byte
	Offset []uint32 // where the code of each slot is, one a slot and one of padding
}
