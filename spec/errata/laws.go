package errata

import "github.com/lockstep-ebpf/lockstep/spec"

// Laws of the instruction set, by section of RFC 9669.
var laws = []Claim{
	// Arithmetic.
	{
		ID: "zero-extends", Of: "4.1",
		Words: "A 32-bit form clears the upper half of its result.",
		Over:  half(spec.ClassALU),
		Term:  "(= (hi32 ($1 x y i)) #x00000000)",
	},
	{
		ID: "low-halves", Of: "4.1",
		Words: "A 32-bit form looks at the low halves of its operands only.",
		Over:  half(spec.ClassALU),
		Term:  "(= ($1 x y i) ($1 (u32 x) (u32 y) i))",
	},
	{
		ID: "immediate", Of: "4.1",
		Words: "A form with an immediate is the one with a register that holds the sign-extended immediate.",
		Over:  immediates(spec.ClassALU, spec.ClassALU64),
		Term:  "(= ($1 x y i) ($2 x (sext i) j))",
	},
	{
		ID: "half", Of: "4.1",
		Words: "The 32-bit form of ADD, SUB, MUL, OR, AND, XOR, NEG and MOV is the low half of the 64-bit one.",
		Over:  append(each([]string{"add", "sub", "mul", "or", "and", "xor", "mov"}, "*32.k *64.k", "*32.x *64.x"), "neg32 neg64"),
		Term:  "(= ($1 x y i) (u32 ($2 x y i)))",
	},
	{
		ID: "half-shift", Of: "4.1",
		Words: "So is that of LSH for counts below 32.",
		Over:  each(sources, "lsh32.* lsh64.*"),
		Term:  "(=> (and (bvult i #x00000020) (bvult y #x0000000000000020)) (= ($1 x y i) (u32 ($2 x y i))))",
	},
	{
		ID: "half-count", Of: "4.1",
		Words:   "It is not for greater ones.",
		Term:    "(distinct (lsh32.x x y i) (u32 (lsh64.x x y i)))",
		Witness: map[string]uint64{"x": 1, "y": 32},
	},
	{
		ID: "half-differs", Of: "4.1",
		Words:   "That of RSH, ARSH, DIV, SDIV, MOD and SMOD is not the low half of the 64-bit one.",
		Over:    each([]string{"rsh", "arsh", "div", "sdiv", "mod", "smod"}, "*32.x *64.x"),
		Term:    "(distinct ($1 x y i) (u32 ($2 x y i)))",
		Witness: map[string]uint64{"x": 1 << 32, "y": 3},
	},
	{
		ID: "self", Of: "4.1",
		Words: "`x - x` and `x ^ x` are 0.",
		Over:  each(widths, "sub*.x", "xor*.x"),
		Term:  "(= ($1 x x i) zero)",
	},
	{
		ID: "keeps", Of: "4.1",
		Words: "`x & x` and `x | x` are x, at 32 bits its low half.",
		Over:  []string{"and64.x lo64", "or64.x lo64", "and32.x u32", "or32.x u32"},
		Term:  "(= ($1 x x i) ($2 x))",
	},
	{
		ID: "commutes", Of: "4.1",
		Words: "ADD, MUL, OR, AND and XOR commute.",
		Over:  each(widths, "add*.x", "mul*.x", "or*.x", "and*.x", "xor*.x"),
		Term:  "(= ($1 x y i) ($1 y x i))",
	},
	{
		ID: "undoes", Of: "4.1",
		Words: "SUB undoes ADD, and XOR undoes XOR.",
		Over:  []string{"add64.x sub64.x lo64", "xor64.x xor64.x lo64", "add32.x sub32.x u32", "xor32.x xor32.x u32"},
		Term:  "(= ($2 ($1 x y i) y i) ($3 x))",
	},
	{
		ID: "negation", Of: "4.1",
		Words: "NEG is `0 - x`, and undoes itself.",
		Over:  []string{"64 lo64", "32 u32"},
		Term:  "(and (= (neg$1 x y i) (sub$1.x zero x i)) (= (neg$1 (neg$1 x y i) y i) ($2 x)))",
	},
	{
		ID: "or-and", Of: "4.1",
		Words: "`(x | y) + (x & y) = x + y`, and `(x | y) - (x & y) = x ^ y`.",
		Over:  widths,
		Term: "(and (= (add$1.x (or$1.x x y i) (and$1.x x y i) i) (add$1.x x y i))" +
			" (= (sub$1.x (or$1.x x y i) (and$1.x x y i) i) (xor$1.x x y i)))",
	},
	{
		ID: "de-morgan", Of: "4.1",
		Words: "`~(x & y) = ~x | ~y`, where `~x` is `x ^ -1`.",
		Over:  widths,
		Term:  "(= (xor$1.k (and$1.x x y i) y #xffffffff) (or$1.x (xor$1.k x y #xffffffff) (xor$1.k y y #xffffffff) i))",
	},
	{
		ID: "power", Of: "4.1",
		Words: "`x << y = x * (1 << y)`.",
		Over:  widths,
		Term:  "(= (lsh$1.x x y i) (mul$1.x x (lsh$1.x one y i) i))",
	},
	{
		ID: "there-and-back", Of: "4.1",
		Words: "`(x >> y) << y` clears the low bits, as many as y says.",
		Over:  widths,
		Term:  "(= (lsh$1.x (rsh$1.x x y i) y i) (and$1.x x (lsh$1.x ones y i) i))",
	},
	{
		ID: "floor", Of: "4.1",
		Words: "`x s>> y = ~(~x s>> y)`.",
		Over:  widths,
		Term:  "(= (arsh$1.x x y i) (xor$1.k (arsh$1.x (xor$1.k x y #xffffffff) y i) y #xffffffff))",
	},
	{
		ID: "division", Of: "4.1",
		Words: "`x = (x / y) * y + x % y` for operands of 8 bits and y other than 0; in the 32-bit forms signed too. (The solver is too slow for more.)",
		Over:  []string{"div mod 64 u8 lo64", "div mod 32 u8 u32", "sdiv smod 32 s8 u32"},
		Term: "(=> (distinct ($4 y) zero)" +
			" (= ($5 ($4 x)) (add$3.x (mul$3.x ($1$3.x ($4 x) ($4 y) i) ($4 y) i) ($2$3.x ($4 x) ($4 y) i) i)))",
	},
	{
		ID: "remainder", Of: "4.1",
		Words: "`x % y < y` for operands of 8 bits and y other than 0.",
		Over:  widths,
		Term:  "(=> (distinct (u8 y) zero) (jlt$1.x (mod$1.x (u8 x) (u8 y) i) (u8 y) i))",
	},
	{
		ID: "remainder-sign", Of: "4.1",
		Words: "A signed remainder is 0 or has the sign of the dividend, so a quotient is truncated towards 0.",
		Over:  widths,
		Term:  "(or (= (smod$1.x x y i) zero) (= (negative$1 (smod$1.x x y i)) (negative$1 x)))",
	},
	{
		ID: "signed-division", Of: "4.1",
		Words: "Signed division of numbers that are not negative is unsigned division.",
		Over:  each(widths, "div *", "mod *"),
		Term:  "(=> (not (or (negative$2 x) (negative$2 y))) (= (s$1$2.x x y i) ($1$2.x x y i)))",
	},
	{
		ID: "movsx-shifts", Of: "4.1",
		Words: "A MOVSX is a left shift and an arithmetic right shift.",
		Over:  []string{"8_64 64 #x00000038", "16_64 64 #x00000030", "32_64 64 #x00000020", "8_32 32 #x00000018", "16_32 32 #x00000010"},
		Term:  "(= (movsx$1 x y i) (arsh$2.k (lsh$2.k y y $3) y $3))",
	},
	{
		ID: "movsx-nested", Of: "4.1",
		Words: "A MOVSX of what a narrower one has extended changes nothing.",
		Over:  []string{"8 8", "8 16", "8 32", "16 16", "16 32", "32 32"},
		Term:  "(= (movsx$2_64 x (movsx$1_64 x y i) i) (movsx$1_64 x y i))",
	},

	// Byte swaps.
	{
		ID: "swap-twice", Of: "4.2",
		Words: "A byte swap done twice leaves the number, zero-extended.",
		Over:  each(masks, "bswap*", "le*", "be*"),
		Term:  "(= ($1 ($1 x y i) y i) (bvand x $2))",
	},
	{
		ID: "swap-halves", Of: "4.2",
		Words: "The upper half of a swap is the swap of the lower half.",
		Over:  []string{"32 16 #x00000010", "64 32 #x00000020"},
		Term:  "(= (rsh64.k (bswap$1 x y i) y $3) (bswap$2 x y i))",
	},
	{
		ID: "swap-orders", Of: "4.2",
		Words: "A swap to the one order and then to the other is BSWAP.",
		Over:  []string{"16", "32", "64"},
		Term:  "(= (be$1 (le$1 x y i) y i) (bswap$1 x y i))",
	},

	// Jumps.
	{
		ID: "jump-halves", Of: "4.3",
		Words: "A 32-bit jump looks at the low halves of its operands only.",
		Over:  half(spec.ClassJMP32),
		Term:  "(= ($1 x y i) ($1 (u32 x) (u32 y) i))",
	},
	{
		ID: "opposites", Of: "4.3",
		Words: "JNE, JLE, JGE, JSLE and JSGE are taken just when JEQ, JGT, JLT, JSGT and JSLT are not.",
		Over:  each(both, "jne* jeq*", "jle* jgt*", "jge* jlt*", "jsle* jsgt*", "jsge* jslt*"),
		Term:  "(distinct ($1 x y i) ($2 x y i))",
	},
	{
		ID: "one-of-three", Of: "4.3",
		Words: "Of JLT, JEQ and JGT just one is taken, and of JSLT, JEQ and JSGT.",
		Over:  each(both, "jlt* jeq* jgt*", "jslt* jeq* jsgt*"),
		Term:  "(and (xor ($1 x y i) ($2 x y i) ($3 x y i)) (not (and ($1 x y i) ($2 x y i))))",
	},
	{
		ID: "mirrors", Of: "4.3",
		Words: "JLT, JLE, JSLT and JSLE are JGT, JGE, JSGT and JSGE with operands exchanged; JEQ, JNE and JSET do not mind.",
		Over:  each(widths, "jlt*.x jgt*.x", "jle*.x jge*.x", "jslt*.x jsgt*.x", "jsle*.x jsge*.x", "jeq*.x jeq*.x", "jne*.x jne*.x", "jset*.x jset*.x"),
		Term:  "(= ($1 x y i) ($2 y x i))",
	},
	{
		ID: "signed-order", Of: "4.3",
		Words: "Signed order is unsigned order with the top bits flipped.",
		Over:  each(widths, "jsgt jgt *", "jsge jge *", "jslt jlt *", "jsle jle *"),
		Term:  "(= ($1$3.x x y i) ($2$3.x (bvxor x min$3) (bvxor y min$3) i))",
	},
	{
		ID: "jset", Of: "4.3",
		Words: "JSET is taken just when the AND of its operands is not 0.",
		Over:  both,
		Term:  "(= (jset$1 x y i) (distinct (and$1 x y i) zero))",
	},
	{
		ID: "difference", Of: "4.3",
		Words: "JEQ is taken just when the difference of its operands is 0.",
		Over:  both,
		Term:  "(= (jeq$1 x y i) (= (sub$1 x y i) zero))",
	},
	{
		ID: "always", Of: "4.3",
		Words: "JA is always taken.",
		Over:  []string{"ja", "ja32"},
		Term:  "($1 x y i)",
	},

	// Memory.
	{
		ID: "stored", Of: "5.1",
		Words: "What a store leaves, a load of its size reads back: the low bytes, zero-extended.",
		Over:  []string{"8 b #x00000000000000ff", "16 h #x000000000000ffff", "32 w #x00000000ffffffff", "64 dw #xffffffffffffffff"},
		Term:  "(= (ldx$2 x y i z (stx$2.mem x y i z (lo$1 z))) (bvand y $3))",
	},
	{
		ID: "stored-immediate", Of: "5.1",
		Words: "A store of an immediate is that of a register that holds it sign-extended.",
		Over:  []string{"8 b", "16 h", "32 w", "64 dw"},
		Term:  "(= (st$2.mem x y i z (lo$1 z)) (stx$2.mem x (sext i) j z (lo$1 z)))",
	},

	// Atomic operations.
	{
		ID: "fetch", Of: "5.3",
		Words: "FETCH changes nothing of what an operation leaves in memory.",
		Over:  each([]string{"add", "or", "and", "xor"}, "*64 64", "*32 32"),
		Term:  "(= (atomic_$1.mem x y i z (lo$2 x)) (atomic_fetch_$1.mem x y i z (lo$2 x)))",
	},
	{
		ID: "atomic-arithmetic", Of: "5.3",
		Words: "And that is what the arithmetic form makes of memory and src.",
		Over:  each([]string{"add", "or", "and", "xor"}, "*64 *64.x 64", "*32 *32.x 32"),
		Term:  "(= (atomic_$1.mem x y i z (lo$3 x)) (lo$3 ($2 x y i)))",
	},
	{
		ID: "exchange", Of: "5.3",
		Words: "XCHG twice brings memory back, and a CMPXCHG that succeeds leaves what XCHG does.",
		Over:  widths,
		Term: "(and (= (atomic_xchg$1.mem x (atomic_xchg$1 x y i z (lo$1 x)) i z (atomic_xchg$1.mem x y i z (lo$1 x))) (lo$1 x))" +
			" (= (atomic_cmpxchg$1.mem x y i x (lo$1 x)) (atomic_xchg$1.mem x y i z (lo$1 x))))",
	},
}
