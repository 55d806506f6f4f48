package arm64

import (
	"math/rand/v2"
	"slices"

	"github.com/lockstep-ebpf/lockstep/internal/mutant"

	"github.com/lockstep-ebpf/lockstep/jit/abi"
	"github.com/lockstep-ebpf/lockstep/jit/plan"
	"github.com/lockstep-ebpf/lockstep/spec"
	"github.com/lockstep-ebpf/lockstep/vm/mem"
)

// Where things are while native code runs. X18 is the platform's, X28 is Go's, and
// FP, LR and SP are the entry stub's: none of them is ever touched.
const (
	r10    = X10 // of the guest: as all its registers, under its own number
	tmp1   = X11
	tmp2   = X12
	tmp3   = X13
	tmp4   = X14
	hidden = X15 // constants that are blinded. X16 and X17 are for distant jumps
	state  = X19 // where the stub puts the address of the abi.State
	window = X20 // host address of guest byte 0
	shadow = X21 // host address of its shadow byte: checked mode
	fuel   = X22
	frame  = X23 // host address of the lowest byte of the stack frame
	record = X24 // State.Frame and State.Limit, in programs with functions
	limit  = X25
	link   = X26 // where a frame routine returns to
)

// host is where a guest register is.
func host(r uint8) Reg { return Reg(r) }

// Features are what processors may or may not have, and Reach, the least reach of
// jumps ahead: Compile takes a longer one where it has to.
type Features struct {
	LSE   bool // FEAT_LSE: atomic operations in one instruction
	Reach Reach
}

// Compiler turns plans into machine code. It may be used again and again, to keep
// its buffers.
type Compiler struct {
	Asm
	Features Features

	p       *plan.Plan
	checked bool
	framed  bool       // the program uses its stack frame
	offset  []uint32   // where the code of a slot is
	jumps   []jump     // to slots, not known yet
	exits   []exit     // code out of line
	looks   []readOnly // likewise
	leave   int        // where the common exit is
	opens   int        // where the routine is that opens a frame, and the one that closes it
	closes  int
	zext    uint16 // bit n: the upper half of rn is known to be 0 here
}

// jump is a distance to fill in when the code of a slot has its place.
type jump struct{ at, slot int }

// exit is a way to leave, out of line.
type exit struct {
	at     int // the jump that leads here
	code   int32
	refund uint32 // fuel to give back
}

// Compile compiles a plan. The code can be copied anywhere; its entry is its first
// byte.
func (c *Compiler) Compile(p *plan.Plan) plan.Code {
	for c.reach = c.Features.Reach; !c.emit(p); c.reach++ {
	}
	c.p = nil
	return plan.Code{Bytes: c.Buf, Offset: c.offset}
}

// emit emits all code. It reports false if a jump does not reach.
func (c *Compiler) emit(p *plan.Plan) bool {
	n := len(p.Insns)
	c.p, c.checked, c.framed = p, p.Mode&plan.Checked != 0, p.Calls || p.Used>>10&1 != 0
	c.Buf, c.short = slices.Grow(c.Buf[:0], 256+32*n), false
	c.offset = slices.Grow(c.offset[:0], n+1)[:n+1]
	c.jumps, c.exits, c.looks = c.jumps[:0], c.exits[:0], c.looks[:0]
	c.prologue()
	c.common()
	c.frameRoutines()
	for pc := 0; pc < n; pc++ {
		c.head(pc)
		if p.Flags[pc+1]&plan.Head == 0 && !p.Blind && c.pair(&p.Insns[pc], &p.Insns[pc+1]) {
			pc++
			c.offset[pc] = uint32(c.here()) // nobody enters there
			continue
		}
		c.insn(pc, &p.Insns[pc])
		if p.Insns[pc].Wide() {
			pc++
			c.offset[pc] = 0
		}
	}
	c.offset[n] = uint32(c.here())
	c.coldLooks()
	c.coldExits()
	for _, j := range c.jumps {
		c.patch(j.at, int(c.offset[j.slot]))
	}
	return !c.short
}

// prologue is where the stub enters.
func (c *Compiler) prologue() {
	c.load8(window, state, abi.OffWindow)
	if c.checked {
		c.load8(shadow, state, abi.OffShadow)
	}
	c.load8(fuel, state, abi.OffFuel)
	if c.p.Calls {
		c.load8(record, state, abi.OffFrame)
		c.load8(limit, state, abi.OffLimit)
	}
	c.guestRegisters(opLDP, loading)
	if c.framed {
		c.op(8, opADD, frame, window, r10)
		c.addImm(8, frame, frame, -mem.FrameSize, tmp1)
	}
	c.load8(tmp1, state, abi.OffResume)
	c.jumpReg(tmp1)
}

// guestRegisters loads or stores those that the program uses, two at a time if it
// uses both.
func (c *Compiler) guestRegisters(pair, one uint32) {
	used := c.p.Used
	if c.framed {
		used |= 1 << 10
	}
	for r := uint8(0); r <= 10; r++ {
		disp := abi.OffRegs + 8*int32(r)
		switch used >> r & 3 {
		case 3:
			if r < 10 {
				c.pairAt(pair, host(r), host(r+1), state, disp)
				r++
				continue
			}
			fallthrough
		case 1:
			c.access(8, one, host(r), at(state, disp), ZR)
		}
	}
}

// common is where all exits end, with the exit code in tmp1.
func (c *Compiler) common() {
	c.leave = c.here()
	c.store8(tmp1, state, abi.OffExit)
	c.guestRegisters(opSTP, storing)
	c.store8(fuel, state, abi.OffFuel)
	if c.p.Calls {
		c.store8(record, state, abi.OffFrame)
	}
	c.ret(LR)
}

// head begins a slot's code: where a block starts, fuel is charged.
func (c *Compiler) head(pc int) {
	c.offset[pc] = uint32(c.here())
	if c.p.Flags[pc]&plan.Head != 0 {
		c.zext = 1 << 10 // a guest address
	}
	if n := c.p.Charge(pc); n != 0 {
		if !c.add12(8, opSUBS, fuel, fuel, int64(n)) {
			c.movImm(tmp1, uint64(n))
			c.op(8, opSUBS, fuel, fuel, tmp1)
		}
		c.exits = append(c.exits, exit{c.jump(bcond(condLO)), abi.Leave(abi.Fuel, pc), n})
	}
}

// toDriver leaves for the driver, which carries out the instruction at pc.
func (c *Compiler) toDriver(pc int) { c.toDriverIf(opB, pc) }

// toDriverIf leaves if a jump is made.
func (c *Compiler) toDriverIf(j uint32, pc int) { c.leaveIf(j, abi.Insn, pc) }

// leaveIf leaves out of line if a jump is made.
func (c *Compiler) leaveIf(j uint32, why abi.Reason, pc int) {
	c.exits = append(c.exits, exit{at: c.jump(j), code: abi.Leave(why, pc)})
}

func (c *Compiler) coldExits() {
	for i := 0; i < len(c.exits); {
		e := c.exits[i]
		for ; i < len(c.exits) && c.exits[i].code == e.code; i++ { // of one instruction
			c.patch(c.exits[i].at, c.here())
		}
		if e.refund != 0 {
			c.addImm(8, fuel, fuel, int64(e.refund), tmp1)
		}
		c.movImm(tmp1, uint64(e.code))
		c.jumpTo(opB, c.leave)
	}
}

// insn compiles one instruction.
func (c *Compiler) insn(pc int, i *spec.Insn) {
	if c.p.Blind {
		i = c.blinded(i)
	}
	switch i.Class() {
	case spec.ClassALU:
		c.alu(i, host(i.Dst), 4)
	case spec.ClassALU64:
		c.alu(i, host(i.Dst), 8)
	case spec.ClassJMP:
		c.branch(pc, i, 8)
	case spec.ClassJMP32:
		c.branch(pc, i, 4)
	case spec.ClassLDX:
		c.loadInsn(pc, i)
	case spec.ClassST, spec.ClassSTX:
		if i.Op&0xe0 == spec.ModeATOMIC {
			c.atomic(pc, i)
		} else {
			c.storeInsn(pc, i)
		}
	case spec.ClassLD:
		if i.Wide() {
			v := c.p.Aux[pc].Value
			if mutant.On(mutant.JITLDDWShort) && i.Src == spec.LDDWValue && v>>32 == 0 {
				v = uint64(int64(int32(v)))
			}
			if c.p.Blind {
				c.blind(host(i.Dst), v, rand.Uint64())
			} else {
				c.movImm(host(i.Dst), v)
			}
			c.wrote(i.Dst, v>>32 == 0)
			return
		}
		c.toDriver(pc)
	}
}

// wrote records what is known of a register's upper half.
func (c *Compiler) wrote(r uint8, upperZero bool) {
	c.zext &^= 1 << r
	if upperZero {
		c.zext |= 1 << r
	}
}

// upperZero reports whether the upper half of a register is known to be 0.
func (c *Compiler) upperZero(r uint8) bool { return c.zext>>r&1 != 0 }
