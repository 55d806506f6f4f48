package amd64

import "encoding/binary"

// Asm appends machine code to Buf.
//
// Methods take the size of the operation in bytes, 1, 2, 4 or 8, and the opcode of
// its 32-bit form; the byte form of an opcode is one less. An opcode of several
// bytes is written as it is read: 0x0faf is 0F AF.
type Asm struct {
	Buf []byte
}

const (
	rexBase = 0x40
	rexW    = 8
	rexR    = 4
	rexX    = 2
	rexB    = 1
)

func (a *Asm) byte(b ...byte) { a.Buf = append(a.Buf, b...) }
func (a *Asm) u16(v uint16)   { a.Buf = binary.LittleEndian.AppendUint16(a.Buf, v) }
func (a *Asm) u32(v uint32)   { a.Buf = binary.LittleEndian.AppendUint32(a.Buf, v) }
func (a *Asm) u64(v uint64)   { a.Buf = binary.LittleEndian.AppendUint64(a.Buf, v) }

// start writes prefixes and opcode. narrow are registers that the instruction uses
// as bytes: spl, bpl, sil and dil exist with a REX prefix only.
func (a *Asm) start(size int, op uint32, rex byte, narrow bool) {
	switch size {
	case 2:
		a.Buf = append(a.Buf, 0x66)
	case 8:
		rex |= rexW
	case 1:
		op &^= 1
	}
	if rex != 0 || narrow {
		a.Buf = append(a.Buf, rexBase|rex)
	}
	if op > 0xffff {
		a.Buf = append(a.Buf, byte(op>>16))
	}
	if op > 0xff {
		a.Buf = append(a.Buf, byte(op>>8))
	}
	a.Buf = append(a.Buf, byte(op))
}

// rr is an instruction with two registers; rm is the one that ModRM calls r/m.
func (a *Asm) rr(size int, op uint32, reg, rm Reg) {
	rex := byte(reg>>3)<<2 | byte(rm>>3)
	a.start(size, op, rex, size == 1 && (reg|rm)&^7 == 0 && (reg >= 4 || rm >= 4))
	a.Buf = append(a.Buf, 0xc0|byte(reg&7)<<3|byte(rm&7))
}

// rm is an instruction with a register and memory.
func (a *Asm) rm(size int, op uint32, reg Reg, m Mem) {
	rex := byte(reg>>3)<<2 | byte(m.Base>>3)
	if m.Index != RSP {
		rex |= byte(m.Index>>3) << 1
	}
	a.start(size, op, rex, size == 1 && reg >= 4 && reg < 8)
	a.mem(byte(reg), m)
}

// ext is an instruction with one register and an opcode extension.
func (a *Asm) ext(size int, op uint32, digit byte, rm Reg) {
	a.start(size, op, byte(rm>>3), size == 1 && rm >= 4)
	a.Buf = append(a.Buf, 0xc0|digit<<3|byte(rm&7))
}

// extMem is an instruction with memory and an opcode extension.
func (a *Asm) extMem(size int, op uint32, digit byte, m Mem) {
	rex := byte(m.Base >> 3)
	if m.Index != RSP {
		rex |= byte(m.Index>>3) << 1
	}
	a.start(size, op, rex, false)
	a.mem(digit, m)
}

// mem writes ModRM, SIB and displacement. A base of rsp or r12 needs a SIB byte,
// one of rbp or r13 a displacement.
func (a *Asm) mem(reg byte, m Mem) {
	reg = reg & 7 << 3
	mod := byte(0x80)
	switch {
	case m.Disp == 0 && m.Base&7 != RBP:
		mod = 0
	case m.Disp == int32(int8(m.Disp)):
		mod = 0x40
	}
	switch {
	case m.Index != RSP:
		a.Buf = append(a.Buf, mod|reg|4, m.Scale<<6|byte(m.Index&7)<<3|byte(m.Base&7))
	case m.Base&7 == RSP:
		a.Buf = append(a.Buf, mod|reg|4, 0x24)
	default:
		a.Buf = append(a.Buf, mod|reg|byte(m.Base&7))
	}
	switch mod {
	case 0x40:
		a.Buf = append(a.Buf, byte(m.Disp))
	case 0x80:
		a.u32(uint32(m.Disp))
	}
}

// narrow is an instruction that reads src as a byte but whose size is another's.
func (a *Asm) narrow(size int, op uint32, reg, src Reg) {
	rex := byte(reg>>3)<<2 | byte(src>>3)
	if size == 8 {
		rex |= rexW
	}
	if rex != 0 || src >= 4 {
		a.byte(rexBase | rex)
	}
	a.byte(byte(op>>8), byte(op), 0xc0|byte(reg&7)<<3|byte(src&7))
}

// The digit of an arithmetic operation: in an opcode extension, and in the middle
// bits of its register opcodes.
const (
	digitADD = 0
	digitOR  = 1
	digitAND = 4
	digitSUB = 5
	digitXOR = 6
	digitCMP = 7

	digitSHL = 4
	digitSHR = 5
	digitSAR = 7

	digitNOT  = 2
	digitNEG  = 3
	digitDIV  = 6
	digitIDIV = 7
)

// arith is `op dst, src` for the operations of the digits.
func (a *Asm) arith(size int, digit byte, dst, src Reg) {
	a.rr(size, uint32(digit)<<3|1, src, dst)
}

// arithImm is `op dst, imm`; imm is sign-extended.
func (a *Asm) arithImm(size int, digit byte, dst Reg, imm int32) {
	if imm == int32(int8(imm)) {
		a.ext(size, 0x83, digit, dst)
		a.Buf = append(a.Buf, byte(imm))
		return
	}
	a.ext(size, 0x81, digit, dst)
	a.u32(uint32(imm))
}

// arithMemImm is `op mem, imm` at 4 or 8 bytes.
func (a *Asm) arithMemImm(size int, digit byte, m Mem, imm int32) {
	if imm == int32(int8(imm)) {
		a.extMem(size, 0x83, digit, m)
		a.Buf = append(a.Buf, byte(imm))
		return
	}
	a.extMem(size, 0x81, digit, m)
	a.u32(uint32(imm))
}

// mov copies at 4 bytes (zero-extending) or 8.
func (a *Asm) mov(size int, dst, src Reg) { a.rr(size, 0x89, src, dst) }

// movImm sets dst to a 64-bit number in the shortest way. It may change flags.
func (a *Asm) movImm(dst Reg, v uint64) {
	switch {
	case v == 0:
		a.rr(4, 0x31, dst, dst) // xor
	case v == uint64(uint32(v)):
		a.movImm32(dst, uint32(v))
	case v == uint64(int64(int32(v))):
		a.ext(8, 0xc7, 0, dst)
		a.u32(uint32(v))
	default:
		a.Buf = append(a.Buf, rexBase|rexW|byte(dst>>3), 0xb8|byte(dst&7))
		a.u64(v)
	}
}

// movImm32 is `mov dst32, imm`; it leaves flags alone.
func (a *Asm) movImm32(dst Reg, v uint32) {
	if dst >= 8 {
		a.Buf = append(a.Buf, rexBase|rexB)
	}
	a.Buf = append(a.Buf, 0xb8|byte(dst&7))
	a.u32(v)
}

// load is `mov dst, mem` at 4 bytes (zero-extending) or 8.
func (a *Asm) load(size int, dst Reg, m Mem) { a.rm(size, 0x8b, dst, m) }

// store is `mov mem, src` at any size.
func (a *Asm) store(size int, m Mem, src Reg) { a.rm(size, 0x89, src, m) }

// storeImm is `mov mem, imm` at any size; at 8 bytes imm is sign-extended.
func (a *Asm) storeImm(size int, m Mem, imm int32) {
	a.extMem(size, 0xc7, 0, m)
	switch size {
	case 1:
		a.Buf = append(a.Buf, byte(imm))
	case 2:
		a.u16(uint16(imm))
	default:
		a.u32(uint32(imm))
	}
}

// lea is `lea dst, mem` at 4 bytes or 8.
func (a *Asm) lea(size int, dst Reg, m Mem) { a.rm(size, 0x8d, dst, m) }

// test is `test x, y`.
func (a *Asm) test(size int, x, y Reg) { a.rr(size, 0x85, y, x) }

// testImm is `test x, imm` at 4 or 8 bytes.
func (a *Asm) testImm(size int, x Reg, imm int32) {
	a.ext(size, 0xf7, 0, x)
	a.u32(uint32(imm))
}

// shiftImm shifts dst by a constant.
func (a *Asm) shiftImm(size int, digit byte, dst Reg, n uint8) {
	a.ext(size, 0xc1, digit, dst)
	a.Buf = append(a.Buf, n)
}

// shiftX is BMI2's shift with the count in any register: dst = src shifted by n.
func (a *Asm) shiftX(size int, digit byte, dst, src, n Reg) {
	p := [8]byte{digitSHL: 1, digitSAR: 2, digitSHR: 3}[digit] // 66, F3, F2
	// VEX: inverted R, X, B and register n; map 0F38; W is the size.
	b1 := byte(0xe2) &^ (byte(dst>>3) << 7) &^ (byte(src>>3) << 5)
	b2 := byte(^n&15)<<3 | p
	if size == 8 {
		b2 |= 0x80
	}
	a.Buf = append(a.Buf, 0xc4, b1, b2, 0xf7, 0xc0|byte(dst&7)<<3|byte(src&7))
}

// mulx is BMI2's unsigned multiplication: hi:lo = rdx * x. If both are the same
// register it has the high half.
func (a *Asm) mulx(hi, lo, x Reg) {
	b1 := byte(0xe2) &^ (byte(hi>>3) << 7) &^ (byte(x>>3) << 5)
	a.Buf = append(a.Buf, 0xc4, b1, 0x83|byte(^lo&15)<<3, 0xf6, 0xc0|byte(hi&7)<<3|byte(x&7))
}

// align pads with instructions that do nothing, up to a multiple of n, a power of 2.
func (a *Asm) align(n int) {
	for pad := -len(a.Buf) & (n - 1); pad > 0; {
		k := min(pad, len(nops))
		a.Buf = append(a.Buf, nops[k-1][:k]...)
		pad -= k
	}
}

// nops are the instructions that Intel and, beyond 9 bytes, AMD recommend for padding,
// by length.
var nops = [...]string{
	"\x90", "\x66\x90", "\x0f\x1f\x00", "\x0f\x1f\x40\x00", "\x0f\x1f\x44\x00\x00", "\x66\x0f\x1f\x44\x00\x00",
	"\x0f\x1f\x80\x00\x00\x00\x00", "\x0f\x1f\x84\x00\x00\x00\x00\x00", "\x66\x0f\x1f\x84\x00\x00\x00\x00\x00",
	"\x66\x66\x0f\x1f\x84\x00\x00\x00\x00\x00", "\x66\x66\x66\x0f\x1f\x84\x00\x00\x00\x00\x00",
}

// bswap reverses the bytes of dst.
func (a *Asm) bswap(size int, dst Reg) {
	rex := byte(dst >> 3)
	if size == 8 {
		rex |= rexW
	}
	if rex != 0 {
		a.Buf = append(a.Buf, rexBase|rex)
	}
	a.Buf = append(a.Buf, 0x0f, 0xc8|byte(dst&7))
}

// lock is the prefix that makes the next instruction atomic.
func (a *Asm) lock() { a.Buf = append(a.Buf, 0xf0) }

func (a *Asm) ret()         { a.Buf = append(a.Buf, 0xc3) }
func (a *Asm) jmpReg(r Reg) { a.ext(4, 0xff, 4, r) }
func (a *Asm) here() int    { return len(a.Buf) }
func (a *Asm) signExtendRAX(size int) { // cdq, cqo
	if size == 8 {
		a.Buf = append(a.Buf, rexBase|rexW)
	}
	a.Buf = append(a.Buf, 0x99)
}

// jmp writes a jump with a 32-bit distance, and gives the place of the distance.
func (a *Asm) jmp() (at int) {
	a.Buf = append(a.Buf, 0xe9, 0, 0, 0, 0)
	return len(a.Buf) - 4
}

// jcc is a conditional one.
func (a *Asm) jcc(c cond) (at int) {
	a.Buf = append(a.Buf, 0x0f, 0x80|byte(c), 0, 0, 0, 0)
	return len(a.Buf) - 4
}

// jmpTo jumps to a place before this one, in the shortest way.
func (a *Asm) jmpTo(to int) {
	if d := to - (len(a.Buf) + 2); d >= -128 {
		a.Buf = append(a.Buf, 0xeb, byte(d))
		return
	}
	a.patch(a.jmp(), to)
}

// jccTo is a conditional one.
func (a *Asm) jccTo(c cond, to int) {
	if d := to - (len(a.Buf) + 2); d >= -128 {
		a.Buf = append(a.Buf, 0x70|byte(c), byte(d))
		return
	}
	a.patch(a.jcc(c), to)
}

// jccShort is a jump forward of at most 127 bytes; landShort sets its distance.
func (a *Asm) jccShort(c cond) (at int) {
	a.Buf = append(a.Buf, 0x70|byte(c), 0)
	return len(a.Buf) - 1
}

func (a *Asm) jmpShort() (at int) {
	a.Buf = append(a.Buf, 0xeb, 0)
	return len(a.Buf) - 1
}

// landShort lets a short jump land here.
func (a *Asm) landShort(at int) {
	d := len(a.Buf) - (at + 1)
	if d > 127 {
		panic("amd64: a short jump over more than 127 bytes")
	}
	a.Buf[at] = byte(d)
}

// patch sets a 32-bit distance.
func (a *Asm) patch(at, to int) {
	binary.LittleEndian.PutUint32(a.Buf[at:], uint32(int32(to-(at+4))))
}
