package amd64

// Reg is a general-purpose register, by its number in an encoding.
type Reg uint8

// The registers.
const (
	RAX Reg = iota
	RCX
	RDX
	RBX
	RSP
	RBP
	RSI
	RDI
	R8
	R9
	R10
	R11
	R12
	R13
	R14
	R15
)

// Mem is a memory operand: Base + Index<<Scale + Disp. Index RSP means none.
type Mem struct {
	Base, Index Reg
	Disp        int32
	Scale       uint8
}

// at is the operand base + disp.
func at(base Reg, disp int32) Mem { return Mem{Base: base, Index: RSP, Disp: disp} }

// indexed is base + index + disp.
func indexed(base, index Reg, disp int32) Mem { return Mem{Base: base, Index: index, Disp: disp} }

// cond is a condition code, as in the low bits of jcc and setcc.
type cond uint8

const (
	condB  cond = 0x2 // unsigned <
	condAE cond = 0x3
	condE  cond = 0x4
	condNE cond = 0x5
	condBE cond = 0x6
	condA  cond = 0x7
	condL  cond = 0xc // signed <
	condGE cond = 0xd
	condLE cond = 0xe
	condG  cond = 0xf
)
