package arm64

import (
	"math/bits"

	"github.com/lockstep-ebpf/lockstep/internal/mutant"
)

// What an access does, in bits 23 and 22.
const (
	storing  = 0
	loading  = 1 << 22 // zero-extended
	signedLd = 2 << 22 // sign-extended to 64 bits
)

// sized is the field in bits 31 and 30 that says how many bytes are accessed.
func sized(n int) uint32 { return uint32(bits.TrailingZeros(uint(n))) << 30 }

// access loads or stores n bytes of x. Displacements of many forms need tmp, or an
// index does:
//
//	ldr x, [base, #disp]      a multiple of n below 4096 n
//	ldur x, [base, #disp]     -256 to 255
//	ldr x, [base, index]      64 bits, or the lower 32
func (a *Asm) access(n int, op uint32, x Reg, m Mem, tmp Reg) {
	word := sized(n) | op | uint32(m.Base)<<5 | uint32(x)
	if m.Index == ZR {
		switch d := m.Disp; {
		case d >= 0 && d < int32(n)<<12 && d&int32(n-1) == 0:
			a.word(0x39000000 | word | uint32(d)>>bits.TrailingZeros(uint(n))<<10)
			return
		case d >= -256 && d < 256, d > 256 && d < 512 && mutant.On(mutant.ARM64UnscaledTooFar):
			a.word(0x38000000 | word | uint32(d)&0x1ff<<12)
			return
		}
		a.movImm(tmp, uint64(int64(m.Disp)))
		m.Index, m.Wide = tmp, true
	}
	word |= 0x38204800 | uint32(m.Index)<<16
	if m.Wide {
		word |= 0x2000
	}
	a.word(word)
}

// load8 and store8 are of 64 bits at a field of a record; disp is a multiple of 8.
func (a *Asm) load8(x, base Reg, disp int32)  { a.access(8, loading, x, at(base, disp), ZR) }
func (a *Asm) store8(x, base Reg, disp int32) { a.access(8, storing, x, at(base, disp), ZR) }

// Two registers of 64 bits at once; disp is a multiple of 8, -512 to 504.
const (
	opLDP = 0xa9400000
	opSTP = 0xa9000000
)

func (a *Asm) pairAt(op uint32, x, y, base Reg, disp int32) {
	a.word(op | uint32(disp>>3)&0x7f<<15 | uint32(y)<<10 | uint32(base)<<5 | uint32(x))
}

// Accesses with an order: n bytes at [base].
const (
	opLDAR  = 0x08dffc00 // load-acquire
	opSTLR  = 0x089ffc00 // store-release
	opLDXR  = 0x085f7c00 // load, and watch the place
	opSTXR  = 0x08007c00 // store, if nobody else has
	opSTLXR = 0x0800fc00 // the same, store-release
)

func (a *Asm) ordered(n int, op uint32, x, base Reg) {
	a.word(sized(n) | op | uint32(base)<<5 | uint32(x))
}

// storeX is stxr or stlxr: failed becomes 0 where the store was made.
func (a *Asm) storeX(n int, op uint32, failed, x, base Reg) {
	a.word(sized(n) | op | uint32(failed)<<16 | uint32(base)<<5 | uint32(x))
}

// barrier is dmb ish: everything before it, then everything behind.
func (a *Asm) barrier() { a.word(0xd5033bbf) }

// FEAT_LSE's atomic operations at [base]: load-acquire and store-release where
// acqRel is joined.
const (
	opLDADD = 0x38200000
	opLDCLR = 0x38201000 // and with the complement
	opLDEOR = 0x38202000
	opLDSET = 0x38203000 // or
	opSWP   = 0x38208000
	opCASAL = 0x08e0fc00 // compares old with memory, and old becomes what was there

	acqRel = 3 << 22
)

// step is the atomic operation with x; old, which may be ZR or x, becomes what was
// there.
func (a *Asm) step(n int, op uint32, x, old, base Reg) {
	a.word(sized(n) | op | uint32(x)<<16 | uint32(base)<<5 | uint32(old))
}
