package spec

import (
	"encoding/binary"
	"fmt"
)

// Insn is one 8-byte slot of a program, field by field (RFC 9669 section 3.1;
// struct bpf_insn in Linux's include/uapi/linux/bpf.h).
//
//	 byte 0   byte 1      bytes 2-3   bytes 4-7
//	+--------+-----------+-----------+-----------------------+
//	| opcode | src | dst | offset    | imm                   |  little-endian
//	+--------+-----------+-----------+-----------------------+
//
// A 64-bit immediate load (LDDW) takes two slots, and so two Insns: the second
// has opcode 0 and carries the upper half in Imm. A program counter is the index
// of a slot, in this project as in Linux.
type Insn struct {
	Op  uint8 // opcode: class in the low three bits
	Dst uint8 // 4 bits; 0 to 10 where it is a register
	Src uint8 // 4 bits; a register, or a form selector (CALL, LDDW)
	Off int16
	Imm int32
}

// SlotSize is the size of an encoded slot, in bytes.
const SlotSize = 8

// Classes: the low three bits of an opcode (RFC 9669 section 3.3).
const (
	ClassLD    = 0x00
	ClassLDX   = 0x01
	ClassST    = 0x02
	ClassSTX   = 0x03
	ClassALU   = 0x04
	ClassJMP   = 0x05
	ClassJMP32 = 0x06
	ClassALU64 = 0x07
)

// The source bit of ALU and JMP classes.
const (
	SrcK = 0x00 // the immediate
	SrcX = 0x08 // the source register
)

// Operation codes of the ALU and ALU64 classes (RFC 9669 section 4.1).
const (
	OpADD  = 0x00
	OpSUB  = 0x10
	OpMUL  = 0x20
	OpDIV  = 0x30
	OpOR   = 0x40
	OpAND  = 0x50
	OpLSH  = 0x60
	OpRSH  = 0x70
	OpNEG  = 0x80
	OpMOD  = 0x90
	OpXOR  = 0xa0
	OpMOV  = 0xb0
	OpARSH = 0xc0
	OpEND  = 0xd0
)

// Operation codes of the JMP and JMP32 classes (RFC 9669 section 4.3).
const (
	OpJA    = 0x00
	OpJEQ   = 0x10
	OpJGT   = 0x20
	OpJGE   = 0x30
	OpJSET  = 0x40
	OpJNE   = 0x50
	OpJSGT  = 0x60
	OpJSGE  = 0x70
	OpCALL  = 0x80
	OpEXIT  = 0x90
	OpJLT   = 0xa0
	OpJLE   = 0xb0
	OpJSLT  = 0xc0
	OpJSLE  = 0xd0
	OpJCOND = 0xe0
)

// Sizes and modes of the load and store classes (RFC 9669 section 5).
const (
	SizeW  = 0x00
	SizeH  = 0x08
	SizeB  = 0x10
	SizeDW = 0x18

	ModeIMM    = 0x00
	ModeABS    = 0x20
	ModeIND    = 0x40
	ModeMEM    = 0x60
	ModeMEMSX  = 0x80
	ModeATOMIC = 0xc0
)

// The Imm of an atomic instruction (RFC 9669 section 5.3; the last two are
// Linux's, since 6.15).
const (
	AtomicAdd      = 0x00
	AtomicOr       = 0x40
	AtomicAnd      = 0x50
	AtomicXor      = 0xa0
	AtomicFetch    = 0x01
	AtomicXchg     = 0xe0 | AtomicFetch
	AtomicCmpXchg  = 0xf0 | AtomicFetch
	AtomicLoadAcq  = 0x100
	AtomicStoreRel = 0x110
)

// The Src of an LDDW: what its immediate names (RFC 9669 section 5.4).
const (
	LDDWValue       = 0
	LDDWMapFD       = 1
	LDDWMapValue    = 2
	LDDWBTFVar      = 3
	LDDWFunc        = 4
	LDDWMapIdx      = 5
	LDDWMapIdxValue = 6
)

// The Src of a CALL: what its immediate names (RFC 9669 section 4.3.1, 4.3.2).
const (
	CallHelper = 0
	CallLocal  = 1
	CallKfunc  = 2
)

// Opcodes that code everywhere asks for by name.
const (
	LDDW  = ClassLD | SizeDW | ModeIMM  // 0x18
	JA    = ClassJMP | OpJA             // 0x05
	JA32  = ClassJMP32 | OpJA           // 0x06
	CALL  = ClassJMP | OpCALL           // 0x85
	EXIT  = ClassJMP | OpEXIT           // 0x95
	JCOND = ClassJMP | OpJCOND          // 0xe5, may_goto
	MOV   = ClassALU64 | OpMOV          // 0xb7, of the immediate
	MOVX  = ClassALU64 | OpMOV | SrcX   // 0xbf, of a register
	LDXDW = ClassLDX | ModeMEM | SizeDW // 0x79
	STXDW = ClassSTX | ModeMEM | SizeDW // 0x7b
	STDW  = ClassST | ModeMEM | SizeDW  // 0x7a
)

// Class is the instruction class, 0 to 7.
func (i Insn) Class() uint8 { return i.Op & 7 }

// Wide reports whether the instruction takes two slots.
func (i Insn) Wide() bool { return i.Op == LDDW }

// Bytes is the size in bytes that a load, store or atomic works on.
func (i Insn) Bytes() int {
	switch i.Op & 0x18 {
	case SizeB:
		return 1
	case SizeH:
		return 2
	case SizeW:
		return 4
	}
	return 8
}

// Imm64 joins the two immediates of an LDDW.
func Imm64(lo, hi Insn) uint64 { return uint64(uint32(hi.Imm))<<32 | uint64(uint32(lo.Imm)) }

// String shows the raw fields; package spec/asm writes real syntax.
func (i Insn) String() string {
	return fmt.Sprintf("{op %#02x dst %d src %d off %d imm %d}", i.Op, i.Dst, i.Src, i.Off, i.Imm)
}

// ByteOrder is the byte order of a program and of the machine that runs it.
// The zero value is little-endian.
type ByteOrder uint8

// The two byte orders.
const (
	Little ByteOrder = iota
	Big
)

func (o ByteOrder) String() string {
	if o == Big {
		return "big"
	}
	return "little"
}

// Binary is the standard library's value for the order.
func (o ByteOrder) Binary() binary.ByteOrder {
	if o == Big {
		return binary.BigEndian
	}
	return binary.LittleEndian
}

// Append appends the slot's 8 bytes. In big-endian programs the register nibbles
// change places too: the fields are C bit-fields in Linux's header.
func (i Insn) Append(b []byte, o ByteOrder) []byte {
	regs := i.Src<<4 | i.Dst&0xf
	if o == Big {
		regs = i.Dst<<4 | i.Src&0xf
	}
	b = append(b, i.Op, regs)
	if o == Big {
		b = binary.BigEndian.AppendUint16(b, uint16(i.Off))
		return binary.BigEndian.AppendUint32(b, uint32(i.Imm))
	}
	b = binary.LittleEndian.AppendUint16(b, uint16(i.Off))
	return binary.LittleEndian.AppendUint32(b, uint32(i.Imm))
}

// SplitSlot reads one slot. It judges nothing: Decode does.
func SplitSlot(b [SlotSize]byte, o ByteOrder) Insn {
	i := Insn{Op: b[0], Dst: b[1] & 0xf, Src: b[1] >> 4}
	if o == Big {
		i.Dst, i.Src = i.Src, i.Dst
	}
	i.Off = int16(o.Binary().Uint16(b[2:4]))
	i.Imm = int32(o.Binary().Uint32(b[4:8]))
	return i
}

// Encode is the byte form of a program.
func Encode(insns []Insn, o ByteOrder) []byte {
	b := make([]byte, 0, len(insns)*SlotSize)
	for _, i := range insns {
		b = i.Append(b, o)
	}
	return b
}
