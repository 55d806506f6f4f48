package arm64

import (
	"encoding/binary"
	"fmt"
)

// Reach is how far a jump goes whose target is not known when it is written. Longer
// ones take more instructions.
type Reach int

// Reaches. A million slots fit into 128 MiB as a rule, but not all of them do.
const (
	Near    Reach = iota // 1 MiB where conditional, else 128 MiB
	Far                  // 128 MiB: a conditional jump is one over a jump
	Distant              // 2 GiB: the distance is added to the program counter
)

// Jumps. The conditional ones have a distance of 19 bits at bit 5, in words, and an
// opposite.
const opB = 0x14000000

func bcond(cc cond) uint32 { return 0x54000000 | uint32(cc) }

// cbz jumps if x is 0, cbnz if it is not.
func cbz(size int, x Reg) uint32  { return sf(size) | 0x34000000 | uint32(x) }
func cbnz(size int, x Reg) uint32 { return sf(size) | 0x35000000 | uint32(x) }

// opposite is the jump on the contrary.
func opposite(jump uint32) uint32 {
	if jump>>24 == 0x54 {
		return jump ^ 1
	}
	return jump ^ 1<<24
}

func unconditional(jump uint32) bool { return jump == opB }

// jump writes a jump to where patch says later.
func (a *Asm) jump(j uint32) (at int) { return a.jumpReaching(j, a.reach) }

func (a *Asm) jumpReaching(j uint32, r Reach) (at int) {
	if !unconditional(j) && r > Near {
		over := a.skip(opposite(j))
		defer a.land(over)
		j = opB
	}
	at = a.here()
	if r < Distant {
		a.word(j)
		return at
	}
	a.word(0x10000000 | uint32(X16)) // adr x16, .
	a.word(0x52800000 | uint32(X17)) // movz w17, the distance
	a.word(0x72a00000 | uint32(X17)) // movk
	a.word(0x8b31c210)               // add x16, x16, w17, sxtw
	a.jumpReg(X16)
	return at
}

// jumpTo jumps to a place before this one.
func (a *Asm) jumpTo(j uint32, to int) {
	for r := Near; ; r++ {
		mark := a.here()
		if a.setDistance(a.jumpReaching(j, r), to) {
			return
		}
		a.Buf = a.Buf[:mark]
	}
}

// patch lets a jump go to a place. If it does not reach, the Asm remembers.
func (a *Asm) patch(at, to int) {
	if !a.setDistance(at, to) {
		a.short = true
	}
}

// setDistance fills in the distance of the jump at a place, and reports whether it
// has room.
func (a *Asm) setDistance(at, to int) bool {
	d := int64(to-at) >> 2
	switch w := a.get(at); {
	case w&0xfc000000 == opB:
		a.set(at, w&^0x3ffffff|uint32(d)&0x3ffffff)
		return d == d<<38>>38
	case w&0xfc000000 == 0x54000000 || w&0x7c000000 == 0x34000000:
		a.set(at, w&^(0x7ffff<<5)|uint32(d)&0x7ffff<<5)
		return d == d<<45>>45
	case w&0x9f000000 == 0x10000000 && w&0x1f == uint32(X16): // of a distant jump
		d *= 4
		a.set(at+4, a.get(at+4)&^(0xffff<<5)|uint32(d)&0xffff<<5)
		a.set(at+8, a.get(at+8)&^(0xffff<<5)|uint32(d)>>16<<5)
		return d == int64(int32(d))
	default:
		panic(fmt.Sprintf("arm64: %#08x at %d is no jump", w, at))
	}
}

func (a *Asm) get(at int) uint32    { return binary.LittleEndian.Uint32(a.Buf[at:]) }
func (a *Asm) set(at int, w uint32) { binary.LittleEndian.PutUint32(a.Buf[at:], w) }

// skip writes a conditional jump over a few instructions, to where land is called.
func (a *Asm) skip(j uint32) (at int) {
	a.word(j)
	return a.here() - 4
}

func (a *Asm) land(at int) { a.patch(at, a.here()) }

// call calls a routine before this place, which returns by jumpReg(link).
func (a *Asm) call(to int, link Reg) {
	back := a.adr(link)
	a.jumpTo(opB, to)
	a.landAdr(back)
}

// adr gives dst the address of a place ahead that landAdr names, within 1 MiB.
func (a *Asm) adr(dst Reg) (at int) {
	a.word(0x10000000 | uint32(dst))
	return a.here() - 4
}

func (a *Asm) landAdr(at int) {
	a.set(at, a.get(at)|uint32(a.here()-at)>>2<<5) // words: the lowest two bits, which stand apart, are 0
}

func (a *Asm) jumpReg(r Reg) { a.word(0xd61f0000 | uint32(r)<<5) }
func (a *Asm) ret(r Reg)     { a.word(0xd65f0000 | uint32(r)<<5) }
