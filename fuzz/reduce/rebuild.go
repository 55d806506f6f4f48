package reduce

import (
	"encoding/binary"
	"slices"

	"github.com/lockstep-ebpf/lockstep/fuzz/oracle"
	"github.com/lockstep-ebpf/lockstep/reports"
	"github.com/lockstep-ebpf/lockstep/spec"
	"github.com/lockstep-ebpf/lockstep/vm"
	"github.com/lockstep-ebpf/lockstep/vm/hook"
)

// witness is a case built around one instruction.
type witness struct {
	c      *vm.Case
	effect reports.Effect // what it observes
	before uint64         // steps before the instruction
}

// rebuild writes the cases that do nothing but one step of a run, the shortest
// first. Each observes one effect of the instruction. Where addresses are not the
// same on both targets none may be observed.
func (r *Reducer) rebuild(c *vm.Case, input int, trace []oracle.Step, at int, sameAddresses bool) []witness {
	s := &trace[at]
	row := s.Row()
	if row == nil || calls(s.Insn) || row.Branches() && !row.Conditional() || row.Op == spec.JCOND {
		return nil
	}
	b := &builder{c: c, input: input, step: s, row: row}
	a, accessing := accesses(s.Insn)
	var addr uint64
	var content []byte
	if accessing {
		r.Reference.Trace(c, input, uint64(at)) // leaves memory as the step finds it
		addr = s.Regs[a.base] + uint64(int64(s.Insn.Off))
		content = r.Reference.Bytes(addr, a.size)
	}
	for _, b.loaded = range []bool{false, true} {
		switch {
		case row.Conditional():
			b.branch()
		case accessing:
			b.memory(a, addr, content)
		case row.Group == spec.Packet:
			b.add(nil, s.Insn, move(6, 1))
		case s.Insn.Op == spec.LDDW && s.Insn.Src == spec.LDDWFunc:
		case !sameAddresses && (s.Insn.Op == spec.LDDW && s.Insn.Src != spec.LDDWValue || row.Src.IsRegister() && s.Insn.Src == 10):
		default:
			b.add(b.operands(), s.Insn)
		}
	}
	return b.out
}

// builder collects witnesses of one step.
type builder struct {
	c     *vm.Case
	input int
	step  *oracle.Step
	row   *spec.Row
	out   []witness

	// loaded: operands come from the context and not from constants. A verifier
	// knows constants, and decides branches on them before the program runs.
	loaded  bool
	context []byte
}

// emit adds a witness; code is a whole program of which the first n instructions
// come before the one in question.
func (b *builder) emit(effect reports.Effect, n int, code []node) {
	insns, ok := format(code)
	if !ok {
		return
	}
	p := *b.c.Programs[b.step.Program]
	p.Insns = insns
	inputs := b.c.Inputs[b.input : b.input+1]
	if b.loaded {
		if len(b.context) == 0 { // nothing to load: the same as without
			return
		}
		p.Type = hook.Syscall
		inputs = []vm.Input{{Context: b.context}}
	}
	c := &vm.Case{
		Name: b.c.Name, Programs: []*vm.Program{&p}, Inputs: inputs,
		Mode: b.c.Mode, FastFuel: b.c.FastFuel, Fuel: uint64(2 * len(insns)),
	}
	if b.step.Insn.Op == spec.LDDW && b.step.Insn.Src != spec.LDDWValue {
		c.Maps = b.c.Maps
	}
	b.out = append(b.out, witness{Clone(c), effect, uint64(n)})
}

// operands sets the registers that the instruction names to what they were,
// those excepted that are to be left alone.
func (b *builder) operands(but ...uint8) []node {
	var code, last []node
	b.context = b.context[:0]
	set := func(reg uint8) {
		if reg == 10 || b.step.Undef>>reg&1 != 0 || slices.Contains(but, reg) {
			return
		}
		but = append(but, reg)
		n := constant(reg, b.step.Regs[reg])
		if b.loaded {
			n = plain(spec.Insn{Op: spec.LDXDW, Dst: reg, Src: 1, Off: int16(len(b.context))})
			if b.big() {
				b.context = binary.BigEndian.AppendUint64(b.context, b.step.Regs[reg])
			} else {
				b.context = binary.LittleEndian.AppendUint64(b.context, b.step.Regs[reg])
			}
		}
		if reg == 1 { // holds the address of the context until then
			last = append(last, n)
		} else {
			code = append(code, n)
		}
	}
	if b.row.Dst.IsRegister() {
		set(b.step.Insn.Dst)
	}
	if b.row.Src.IsRegister() {
		set(b.step.Insn.Src)
	}
	if b.compares() {
		set(0)
	}
	return append(code, last...)
}

// big reports whether the program is big-endian.
func (b *builder) big() bool { return b.c.Programs[b.step.Program].Order == spec.Big }

// compares reports a compare-and-exchange, which has r0 for an operand.
func (b *builder) compares() bool {
	i := b.step.Insn
	return i.Class() == spec.ClassSTX && i.Op&0xe0 == spec.ModeATOMIC && i.Imm == spec.AtomicCmpXchg
}

// spare is a register that the instruction does not name.
func (b *builder) spare() uint8 {
	i := b.step.Insn
	for _, reg := range []uint8{0, 2, 3, 4, 5, 6} {
		if (reg != i.Dst || !b.row.Dst.IsRegister()) && (reg != i.Src || !b.row.Src.IsRegister()) && !(reg == 0 && b.compares()) {
			return reg
		}
	}
	return 7
}

// add writes the witness that returns what the instruction wrote to a register.
func (b *builder) add(prologue []node, i spec.Insn, more ...node) {
	prologue = append(prologue, more...)
	n := plain(i)
	if i.Op == spec.LDDW {
		n.hi = b.c.Programs[b.step.Program].Insns[b.step.PC+1]
	}
	code := append(slices.Clone(prologue), n)
	for _, reg := range writes(b.row, i) {
		end := []node{move(0, reg), exit}
		if reg == 0 {
			end = end[1:]
		}
		b.emit(reports.Register, len(prologue), append(slices.Clone(code), end...))
	}
}

// branch writes the witness that returns 1 if the branch is taken, else 0.
func (b *builder) branch() {
	code := b.operands()
	flag := b.spare()
	code = append(code, constant(flag, 1))
	n := len(code)
	jump := plain(b.step.Insn)
	jump.to = n + 2
	code = append(code, jump, constant(flag, 0))
	if flag != 0 {
		code = append(code, move(0, flag))
	}
	b.emit(reports.Control, n, append(code, exit))
}
