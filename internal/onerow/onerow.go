// Package onerow writes programs for tests of engines, each around one instruction
// of one form, with random operands:
//
//	numbers in r0 to r9, but for some that stay undefined, and in 32 bytes of stack
//	for a form that uses memory, an address in its base register
//	the instruction
//	r0 += 1, which a taken branch passes over
//	loads of what is in the stack now; exit
package onerow

import (
	"math/rand/v2"

	"github.com/lockstep-ebpf/lockstep/spec"
	"github.com/lockstep-ebpf/lockstep/vm"
	"github.com/lockstep-ebpf/lockstep/vm/hook"
)

// Rows are the forms that need no program around them: all but calls, and those
// whose values a loader resolves.
func Rows() (rows []*spec.Row) {
	for i := range spec.Table {
		if r := &spec.Table[i]; !r.Internal && r.Op != spec.CALL && !r.Casts() && (!r.IsWide() || r.Src.Lo == spec.LDDWValue) {
			rows = append(rows, r)
		}
	}
	return rows
}

// Case is a program around an instruction of the row. It has a name if the
// instruction's address is another than a multiple of 8 in the stack.
func Case(rnd *rand.Rand, row *spec.Row) *vm.Case {
	b := &builder{rnd: rnd, row: row}
	b.registers()
	in := spec.Insn{Op: row.Op, Dst: uint8(Value(rnd, row.Dst)), Src: uint8(Value(rnd, row.Src)), Off: int16(Value(rnd, row.Off)), Imm: int32(Value(rnd, row.Imm))}
	switch {
	case row.JumpsByImm():
		in.Imm = 1
	case row.Branches():
		in.Off = 1
	}
	if base := Base(row, &in); base != nil {
		b.access(&in, base)
	}
	b.add(in)
	if row.IsWide() {
		b.add(spec.Insn{Imm: int32(Word(rnd))})
	}
	b.add(spec.Insn{Op: spec.ClassALU64 | spec.OpADD, Dst: 0, Imm: 1})
	b.stack(in)
	b.add(spec.Insn{Op: spec.EXIT})
	return &vm.Case{
		Name:     b.name,
		Programs: []*vm.Program{{Type: hook.SocketFilter, Insns: b.insns}},
		Inputs:   []vm.Input{{Packet: []byte{1, 2, 3, 4, 5, 6, 7, 8}}},
	}
}

type builder struct {
	rnd   *rand.Rand
	row   *spec.Row
	insns []spec.Insn
	name  string
	undef uint8 // a register that stays undefined; often none
}

func (b *builder) add(insns ...spec.Insn) { b.insns = append(b.insns, insns...) }

func (b *builder) load(r uint8, v uint64) {
	b.add(spec.Insn{Op: spec.LDDW, Dst: r, Imm: int32(v)}, spec.Insn{Imm: int32(v >> 32)})
}

// registers fills registers and stack. In half of the programs many registers are
// not mentioned, so that a native lowering has some to spare.
func (b *builder) registers() {
	b.undef = uint8(b.rnd.IntN(40))
	unused := uint16(0)
	if b.rnd.IntN(2) == 0 {
		unused = uint16(b.rnd.Uint32())
	}
	for r := uint8(0); r < 10; r++ {
		if r != b.undef && unused>>r&1 == 0 {
			b.load(r, Word(b.rnd))
		}
	}
	for off := int16(-32); off < 0; off += 8 {
		b.load(9, Word(b.rnd))
		b.add(spec.Insn{Op: spec.STXDW, Dst: 10, Src: 9, Off: off})
	}
}

// access gives the instruction an address: mostly in the stack, and else one that is
// not aligned, may lie anywhere, or is undefined.
func (b *builder) access(in *spec.Insn, base *uint8) {
	rnd := b.rnd
	if rnd.IntN(4) == 0 {
		*base = 10
	}
	if *base == b.undef {
		b.name = "undefined"
		return
	}
	if *base < 10 {
		b.add(spec.Insn{Op: spec.MOVX, Dst: *base, Src: 10})
	}
	in.Off = int16(-8 * (1 + rnd.IntN(3)))
	if b.row.Imm == spec.Is(spec.AtomicCmpXchg) && *base != 0 { // let it succeed, often
		b.add(spec.Insn{Op: spec.LDXDW, Dst: 0, Src: 10, Off: in.Off})
	}
	switch rnd.IntN(3) {
	case 0:
		b.name = "misaligned"
		in.Off += int16(rnd.IntN(8) - 3)
	case 1:
		b.name = "wild"
		b.wild(in, *base)
	}
}

// wild adds a number to the base register that the offset takes away again, about.
func (b *builder) wild(in *spec.Insn, base uint8) {
	rnd := b.rnd
	if base == 10 {
		in.Off = int16(Word(rnd))
		return
	}
	in.Off = int16(rnd.IntN(600) - 560)
	if rnd.IntN(2) == 0 {
		in.Off = int16(rnd.Uint32())
	}
	distance := -uint64(int64(in.Off)) + uint64(rnd.IntN(8)) - uint64(8*rnd.IntN(60))
	if rnd.IntN(3) == 0 {
		distance = Word(rnd)
	}
	other := (base + 1) % 10
	b.load(other, distance)
	b.add(spec.Insn{Op: spec.ClassALU64 | spec.OpADD | spec.SrcX, Dst: base, Src: other})
}

// stack loads what is there now into registers that the instruction does not use.
func (b *builder) stack(in spec.Insn) {
	off := int16(-32)
	for r := uint8(1); r < 10 && off < 0; r++ {
		if r != in.Dst && r != in.Src {
			b.add(spec.Insn{Op: spec.LDXDW, Dst: r, Src: 10, Off: off})
			off += 8
		}
	}
}

// Base is the field that names the register with the address of the access, nil if
// the row has none.
func Base(row *spec.Row, in *spec.Insn) *uint8 {
	switch row.Class() {
	case spec.ClassLDX:
		return &in.Src
	case spec.ClassST, spec.ClassSTX:
		if row.Imm == spec.Is(spec.AtomicLoadAcq) {
			return &in.Src
		}
		return &in.Dst
	}
	return nil
}

// Word is a random number, often a corner.
func Word(rnd *rand.Rand) uint64 {
	switch rnd.IntN(6) {
	case 0:
		return rnd.Uint64()
	case 1:
		return uint64(rnd.IntN(5) - 2)
	case 2:
		return 1<<rnd.IntN(64) - uint64(rnd.IntN(3)-1)
	case 3:
		return rnd.Uint64() << 32
	case 4:
		return 1<<31 - uint64(rnd.IntN(2))
	}
	return uint64(int64(int32(rnd.Uint32())))
}

// Value is a random one of those that a field may hold.
func Value(rnd *rand.Rand, f spec.Field) int64 {
	switch f {
	case spec.NonZero:
		return int64(int32(Word(rnd) | 1))
	case spec.Any:
		return int64(int32(Word(rnd)))
	}
	return f.Lo + rnd.Int64N(f.Hi-f.Lo+1)
}
