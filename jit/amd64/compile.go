package amd64

import (
	"slices"

	"github.com/lockstep-ebpf/lockstep/internal/mutant"

	"github.com/lockstep-ebpf/lockstep/jit/abi"
	"github.com/lockstep-ebpf/lockstep/jit/plan"
	"github.com/lockstep-ebpf/lockstep/spec"
)

// Where things are while native code runs.
const (
	window = R12 // host address of guest byte 0
	shadow = R9  // host address of its shadow byte: checked mode
	tmp1   = R10
	tmp2   = R11
	frame  = RBP // host address of the end of the stack frame: r10 as a host pointer
)

// host is where guest registers are. The host register of r10 holds a host
// pointer, not the guest's value: see operand.
var host = [16]Reg{RAX, RDI, RSI, RDX, RCX, R8, RBX, R13, R14, R15, frame, inTmp1: tmp1, inTmp2: tmp2}

// Numbers of guest registers that there are not: for operands in tmp1 and tmp2.
const (
	inTmp1 = 14
	inTmp2 = 15
)

// spare are host registers that native code may use for something else if the
// program leaves their guest register alone, best first. The prologue needs r3's.
var spare = []uint8{9, 7, 6, 5, 2, 8}

// Slots of native code's stack frame.
const (
	slotState = 8 * iota
	slotFuel
	slotSave
	slotFrame // State.Frame and State.Limit, in programs with functions
	slotLimit
	slotBP // what Go wants back: its frame pointer, and g
	slotG
	frameSize
)

// none stands for a value that is in memory instead of a register.
const none = RSP

// Features are what processors may or may not have.
type Features struct {
	BMI2 bool // shifts by any register
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
	near    int        // slots ahead that a jump of one byte is taken to reach
	jumps   []jump     // to slots, not known yet
	exits   []exit     // code out of line
	looks   []readOnly // likewise
	earlies []early    // likewise
	leave   int        // where the common exit is
	opens   int        // where the routine is that opens a frame, and the one that closes it
	closes  int
	fuel    Reg    // or none: in slotFuel
	mask    Reg    // all bytes 3; or none
	zext    uint16 // bit n: the upper half of rn is known to be 0 here
}

// jump is a distance to fill in when the code of a slot has its place.
type jump struct {
	at, slot int
	short    bool // one byte
}

// exit is a way to leave, out of line.
type exit struct {
	at     int // the distance that leads here
	code   int32
	refund uint32 // fuel to give back
}

// Compile compiles a plan. The code can be copied anywhere; its entry is its first
// byte.
func (c *Compiler) Compile(p *plan.Plan) plan.Code {
	p.Unroll = true
	c.near = nearTrusted
	if p.Mode&plan.Checked != 0 {
		c.near = nearChecked
	}
	if !c.emit(p) {
		c.near = 0
		c.emit(p)
	}
	c.p = nil
	return plan.Code{Bytes: c.Buf, Offset: c.offset}
}

// A jump over so many slots seldom takes more than 127 bytes.
const (
	nearTrusted = 12
	nearChecked = 5
)

// emit emits all code. It reports false if a jump that was taken for a near one is
// not.
func (c *Compiler) emit(p *plan.Plan) bool {
	n := len(p.Insns)
	c.p, c.checked, c.framed = p, p.Mode&plan.Checked != 0, p.Calls || p.Used>>10&1 != 0
	c.Buf = slices.Grow(c.Buf[:0], 256+16*n)
	c.offset = slices.Grow(c.offset[:0], n+1)[:n+1]
	c.jumps, c.exits, c.looks, c.earlies = c.jumps[:0], c.exits[:0], c.looks[:0], c.earlies[:0]
	c.assign()
	c.prologue()
	c.common()
	c.frameRoutines()
	for pc := 0; pc < n; {
		c.head(pc)
		for taken := c.one(pc); taken > 0; taken-- {
			pc++
			if taken > 1 {
				c.offset[pc] = uint32(c.here()) // nobody enters there
			}
		}
	}
	c.offset[n] = uint32(c.here())
	c.coldEarlies()
	c.coldLooks()
	c.coldExits()
	for _, j := range c.jumps {
		to := int(c.offset[j.slot])
		if !j.short {
			c.patch(j.at, to)
			continue
		}
		if to-(j.at+1) > 127 {
			return false
		}
		c.Buf[j.at] = byte(to - (j.at + 1))
	}
	return true
}

// one compiles the instruction at pc, or some at once, and gives the number of slots.
func (c *Compiler) one(pc int) int {
	if !c.p.Blind { // joined instructions have their constants as they are
		if joined := c.join(pc); joined > 0 {
			return joined
		}
	}
	c.insn(pc, &c.p.Insns[pc])
	if c.p.Insns[pc].Wide() {
		return 2
	}
	return 1
}

// assign finds registers for fuel and mask.
func (c *Compiler) assign() {
	free := spare
	next := func() Reg {
		for len(free) > 0 {
			r := free[0]
			free = free[1:]
			if c.p.Used>>r&1 == 0 {
				return host[r]
			}
		}
		return none
	}
	c.fuel, c.mask = R9, none
	if c.checked {
		c.fuel = next()
		c.mask = next()
	}
}

// prologue is where Go enters, as if this were a closure: its address, which is the
// state's, is in rdx. What Go wants back is rsp, rbp, the frame pointer, r14, where
// it has g, and xmm15, which is 0 (Go's cmd/compile/abi-internal.md).
func (c *Compiler) prologue() {
	const state = RDX
	c.arithImm(8, digitSUB, RSP, frameSize)
	c.store(8, at(RSP, slotState), state)
	if c.framed {
		c.store(8, at(RSP, slotBP), RBP)
	}
	if c.usesG() {
		c.store(8, at(RSP, slotG), R14)
	}
	c.load(8, window, at(state, abi.OffWindow))
	if c.checked {
		c.load(8, shadow, at(state, abi.OffShadow))
	}
	if c.mask != none {
		c.movImm(c.mask, 0x0303_0303_0303_0303)
	}
	if c.fuel != none {
		c.load(8, c.fuel, at(state, abi.OffFuel))
	} else {
		c.load(8, tmp1, at(state, abi.OffFuel))
		c.store(8, at(RSP, slotFuel), tmp1)
	}
	if c.p.Calls {
		c.load(8, tmp1, at(state, abi.OffFrame))
		c.store(8, at(RSP, slotFrame), tmp1)
		c.load(8, tmp1, at(state, abi.OffLimit))
		c.store(8, at(RSP, slotLimit), tmp1)
	}
	c.load(8, tmp1, at(state, abi.OffResume))
	if c.framed {
		c.load(8, frame, at(state, abi.OffRegs+8*10))
		c.arith(8, digitADD, frame, window)
	}
	for r := range 10 {
		if r != 3 && c.p.Used>>r&1 != 0 {
			c.load(8, host[r], at(state, abi.OffRegs+8*int32(r)))
		}
	}
	if c.p.Used>>3&1 != 0 {
		c.load(8, host[3], at(state, abi.OffRegs+8*3))
	}
	c.jmpReg(tmp1)
}

// usesG reports whether native code changes the register where Go has g.
func (c *Compiler) usesG() bool { return c.p.Used>>8&1 != 0 || c.fuel == R14 || c.mask == R14 }

// common is where all exits end, with the exit code in tmp1.
func (c *Compiler) common() {
	const state = tmp2
	c.leave = c.here()
	c.load(8, state, at(RSP, slotState))
	c.store(8, at(state, abi.OffExit), tmp1)
	for r := range 10 {
		if c.p.Used>>r&1 != 0 {
			c.store(8, at(state, abi.OffRegs+8*int32(r)), host[r])
		}
	}
	if c.framed {
		c.arith(8, digitSUB, frame, window)
		c.store(8, at(state, abi.OffRegs+8*10), frame)
		c.load(8, RBP, at(RSP, slotBP))
	}
	if c.fuel != none {
		c.store(8, at(state, abi.OffFuel), c.fuel)
	} else {
		c.load(8, tmp1, at(RSP, slotFuel))
		c.store(8, at(state, abi.OffFuel), tmp1)
	}
	if c.p.Calls {
		c.load(8, tmp1, at(RSP, slotFrame))
		c.store(8, at(state, abi.OffFrame), tmp1)
	}
	if c.usesG() {
		c.load(8, R14, at(RSP, slotG))
	}
	c.arithImm(8, digitADD, RSP, frameSize)
	c.ret()
}

// head begins a slot's code: where a block starts, fuel is charged.
func (c *Compiler) head(pc int) {
	if c.p.Flags[pc]&plan.Loop != 0 && c.p.Mode&plan.Single == 0 {
		c.alignLoop(pc)
	}
	c.offset[pc] = uint32(c.here())
	if c.p.Flags[pc]&plan.Head != 0 {
		c.zext = 0
	}
	if n := c.p.Charge(pc); n != 0 {
		c.fuelOp(digitSUB, n)
		c.exits = append(c.exits, exit{c.jcc(condB), abi.Leave(abi.Fuel, pc), n})
	}
}

// alignLoop pads before a loop's head. A loop that is taken to fit in a cache line
// stands in one; the others begin at half of one at least.
func (c *Compiler) alignLoop(pc int) {
	const fuel, line = 10, 64
	slot := 5 // bytes of code, on average
	if c.checked {
		slot = 10
	}
	c.align(line / 2)
	size := int(c.p.LoopSize(pc))
	if c.p.Unrolled(pc) {
		size *= plan.Rounds
	}
	if n := fuel + slot*size; n <= line && c.here()%line+n > line {
		c.align(line)
	}
}

func (c *Compiler) fuelOp(digit byte, n uint32) {
	if c.fuel != none {
		c.arithImm(8, digit, c.fuel, int32(n))
	} else {
		c.arithMemImm(8, digit, at(RSP, slotFuel), int32(n))
	}
}

// leaveFor leaves at once: there is nothing to jump over.
func (c *Compiler) leaveFor(why abi.Reason, slot int) {
	c.movImm32(tmp1, uint32(abi.Leave(why, slot)))
	c.jmpTo(c.leave)
}

// toDriver leaves for the driver, which carries out the instruction at pc.
func (c *Compiler) toDriver(pc int) { c.leaveFor(abi.Insn, pc) }

// toDriverIf leaves out of line if a condition holds.
func (c *Compiler) toDriverIf(cc cond, pc int) {
	c.exits = append(c.exits, exit{at: c.jcc(cc), code: abi.Leave(abi.Insn, pc)})
}

func (c *Compiler) coldExits() {
	for i := 0; i < len(c.exits); {
		e := c.exits[i]
		for ; i < len(c.exits) && c.exits[i].code == e.code; i++ { // of one instruction
			c.patch(c.exits[i].at, c.here())
		}
		if e.refund != 0 {
			c.fuelOp(digitADD, e.refund)
		}
		c.movImm32(tmp1, uint32(e.code))
		c.jmpTo(c.leave)
	}
}

// operand is a guest register's value in a host register: its own, or tmp for r10.
func (c *Compiler) operand(r uint8, tmp Reg) Reg {
	if r != 10 {
		return host[r]
	}
	c.mov(8, tmp, frame)
	c.arith(8, digitSUB, tmp, window)
	return tmp
}

// insn compiles one instruction.
func (c *Compiler) insn(pc int, i *spec.Insn) {
	if c.p.Blind {
		i = c.blinded(i)
	}
	switch i.Class() {
	case spec.ClassALU:
		c.alu(i, 4)
	case spec.ClassALU64:
		c.alu(i, 8)
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
				c.blind(host[i.Dst], v, tmp1)
			} else {
				c.movImm(host[i.Dst], v)
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
