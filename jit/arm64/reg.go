package arm64

// Reg is a general-purpose register, by its number in an encoding.
type Reg uint8

// The registers. Number 31 is zero, or the stack pointer where an instruction adds
// an immediate to it; native code never uses that one.
const (
	X0 Reg = iota
	X1
	X2
	X3
	X4
	X5
	X6
	X7
	X8
	X9
	X10
	X11
	X12
	X13
	X14
	X15
	X16
	X17
	_ // X18 is the platform's
	X19
	X20
	X21
	X22
	X23
	X24
	X25
	X26
	X27
	_ // X28 is Go's g
	X29
	LR
	ZR
)

// cond is a condition code, as in the low bits of b.cond. Inverting one flips its
// lowest bit.
type cond uint8

const (
	condEQ cond = 0x0
	condNE cond = 0x1
	condHS cond = 0x2 // unsigned >=
	condLO cond = 0x3
	condHI cond = 0x8
	condLS cond = 0x9
	condGE cond = 0xa // signed >=
	condLT cond = 0xb
	condGT cond = 0xc
	condLE cond = 0xd
)

// Mem is a memory operand: base + disp, or base + index.
type Mem struct {
	Base, Index Reg // Index ZR: none
	Wide        bool
	Disp        int32
}

// at is the operand base + disp.
func at(base Reg, disp int32) Mem { return Mem{Base: base, Index: ZR, Disp: disp} }

// indexed is base + all 64 bits of index.
func indexed(base, index Reg) Mem { return Mem{Base: base, Index: index, Wide: true} }

// masked is base + the lower half of index.
func masked(base, index Reg) Mem { return Mem{Base: base, Index: index} }
