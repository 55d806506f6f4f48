package num

// Width is a machine's word: the bits of a register, and of the subregister that is
// its lower part and that 32-bit instructions work on. 1 ≤ Sub ≤ Reg ≤ 64.
//
// Everything here takes its width from the Width it is called on, so the code that
// analyses programs at W64 is the code that the tests run through all values of
// smaller machines.
type Width struct{ Reg, Sub uint }

// W64 is the machine that eBPF describes (RFC 9669 section 2.2 and 4.1).
var W64 = Width{Reg: 64, Sub: 32}

// ones is n ones, for n from 1 to 64.
func ones(n uint) uint64 { return ^uint64(0) >> (64 - n) }

// signBit is the sign of an n-bit number.
func signBit(n uint) uint64 { return 1 << (n - 1) }

// signed reads the low n bits of v as a signed number.
func signed(v uint64, n uint) int64 { return int64(v<<(64-n)) >> (64 - n) }

// unit is how many bits stand for a byte in byte swaps: 8, and fewer on a machine
// whose register is smaller.
func (w Width) unit() uint { return max(1, w.Reg/8) }
