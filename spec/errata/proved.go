package errata

import "github.com/lockstep-ebpf/lockstep/spec"

// What the errata say of forms of the table, and where they say that another
// reading of a text gives something else: then a witness shows it.
var provedErrata = []Claim{
	{
		ID: "S1-unsigned", Of: "S1",
		Words: "The quotient and the remainder are the unsigned ones of dst and the sign-extended immediate.",
		Over:  []string{"div64.k bvudiv", "mod64.k bvurem"},
		Term:  "(=> (distinct i #x00000000) (= ($1 x y i) ($2 x (sext i))))",
	},
	{
		ID: "S1-appendix", Of: "S1",
		Words:   "The appendix's `(u32)imm` gives another quotient and another remainder.",
		Over:    []string{"div64.k bvudiv", "mod64.k bvurem"},
		Term:    "(distinct ($1 x y i) ($2 x (zext i)))",
		Witness: map[string]uint64{"x": 1<<64 - 2, "i": 0xffffffff},
	},
	{
		ID: "S2-extends", Of: "S2",
		Words: "A sign-extending load is a load and a MOVSX.",
		Over:  []string{"ldxsb ldxb 8", "ldxsh ldxh 16", "ldxsw ldxw 32"},
		Term:  "(= ($1 x y i z (lo$3 x)) (movsx$3_64 y ($2 x y i z (lo$3 x)) i))",
	},
	{
		ID: "S3-negates", Of: "S3",
		Words: "Division by -1 is negation, of every number.",
		Over:  widths,
		Term:  "(and (=> (= (lo$1 y) (lo$1 ones)) (= (sdiv$1.x x y i) (neg$1 x y i))) (= (sdiv$1.k x y #xffffffff) (neg$1 x y i)))",
	},
	{
		ID: "S3-remainder", Of: "S3",
		Words: "The remainder by -1 is 0, of every number.",
		Over:  widths,
		Term:  "(and (=> (= (lo$1 y) (lo$1 ones)) (= (smod$1.x x y i) zero)) (= (smod$1.k x y #xffffffff) zero))",
	},
	{
		ID: "S3-least", Of: "S3",
		Words: "The least number divided by -1 is itself.",
		Over:  widths,
		Term:  "(and (= (sdiv$1.x min$1 ones i) min$1) (= (sdiv$1.k min$1 y #xffffffff) min$1))",
	},
	{
		ID: "S4-immediate", Of: "S4",
		Words:   "`(u32)(dst >> imm)`, signed or not, lets the upper half come down.",
		Over:    []string{"rsh32.k bvlshr", "arsh32.k bvashr"},
		Term:    "(distinct ($1 x y i) (u32 ($2 x (zext i))))",
		Witness: map[string]uint64{"x": 1 << 32, "i": 1},
	},
	{
		ID: "S4-register", Of: "S4",
		Words:   "`dst << src` and its like without a mask shift all bits out.",
		Over:    []string{"lsh64.x bvshl", "rsh64.x bvlshr", "arsh64.x bvashr"},
		Term:    "(distinct ($1 x y i) ($2 x y))",
		Witness: map[string]uint64{"x": 1, "y": 64},
	},
	{
		ID: "S4-register32", Of: "S4",
		Words:   "`(u32)(dst << src)` and its like without mask and cast do so too, or let the upper half come down.",
		Over:    []string{"lsh32.x bvshl", "rsh32.x bvlshr", "arsh32.x bvashr"},
		Term:    "(distinct ($1 x y i) (u32 ($2 x y)))",
		Witness: map[string]uint64{"x": 1<<40 + 1, "y": 33},
	},
	{
		ID: "S4-equal", Of: "S4",
		Words:   "`(u32)dst == imm`, which compares 32 bits with 64, misses equality with a negative immediate.",
		Over:    []string{"jeq32.k =", "jne32.k distinct"},
		Term:    "(distinct ($1 x y i) ($2 (u32 x) (sext i)))",
		Witness: map[string]uint64{"x": 1<<32 - 1, "i": 0xffffffff},
	},
	{
		ID: "S4-order", Of: "S4",
		Words:   "`(u32)dst > imm` and its like find every dst below a negative immediate.",
		Over:    []string{"jgt32.k bvugt", "jge32.k bvuge", "jlt32.k bvult", "jle32.k bvule"},
		Term:    "(distinct ($1 x y i) ($2 (u32 x) (sext i)))",
		Witness: map[string]uint64{"x": 1<<32 - 1, "i": 0xfffffffe},
	},
	{
		ID: "S7-ordered", Of: "S7",
		Words: "A load-acquire yields what a load of its size does, and a store-release leaves what a store does.",
		Over:  []string{"8 b", "16 h", "32 w", "64 dw"},
		Term: "(and (= (load_acquire$1 x y i z (lo$1 x)) (ldx$2 x y i z (lo$1 x)))" +
			" (= (store_release$1.mem x y i z (lo$1 x)) (stx$2.mem x y i z (lo$1 x))))",
	},
	{
		ID: "S8-halves", Of: "S8",
		Words: "The low half of the result is imm and the high half next_imm, whatever their signs.",
		Term:  "(and (= (lo32 (lddw x y i j)) i) (= (hi32 (lddw x y i j)) j))",
	},
	{
		ID: "S8-signed", Of: "S8",
		Words:   "`(next_imm << 32) | imm` with imm sign-extended gives another number.",
		Term:    "(distinct (lddw x y i j) (bvor (concat j #x00000000) (sext i)))",
		Witness: map[string]uint64{"i": 0xffffffff},
	},
	{
		ID: "S9-quotient", Of: "S9",
		Words: "The 32-bit quotient is 0 if the low half of src is, whatever its upper half.",
		Over:  []string{"div32.x", "sdiv32.x"},
		Term:  "(=> (= (lo32 y) #x00000000) (= ($1 x y i) zero))",
	},
	{
		ID: "S9-remainder", Of: "S9",
		Words: "The 32-bit remainder is then the low half of dst.",
		Over:  []string{"mod32.x", "smod32.x"},
		Term:  "(=> (= (lo32 y) #x00000000) (= ($1 x y i) (u32 x)))",
	},
	{
		ID: "shift-register", Of: "shift-register",
		Words: "A shift by src is one by `src & 63`, or `src & 31`.",
		Over:  each([]string{"lsh", "rsh", "arsh"}, "*64.x #x000000000000003f", "*32.x #x000000000000001f"),
		Term:  "(= ($1 x y i) ($1 x (bvand y $2) i))",
	},
	{
		ID: "shift-immediate", Of: "shift-immediate",
		Words: "The meaning of the forms masks, so it gives a value where the decoder refuses.",
		Over:  each([]string{"lsh", "rsh", "arsh"}, "*64.k #x0000003f", "*32.k #x0000001f"),
		Term:  "(= ($1 x y i) ($1 x y (bvand i $2)))",
	},
	{
		ID: "div-register-zero", Of: "div-register-zero",
		Words: "The quotient by 0 is 0: signed or not, 64 bits or 32.",
		Over:  each(widths, "div*.x", "sdiv*.x"),
		Term:  "(= ($1 x zero i) zero)",
	},
	{
		ID: "mod-register-zero", Of: "mod-register-zero",
		Words: "The remainder by 0 is dst, at 32 bits its low half.",
		Over:  []string{"mod64.x lo64", "smod64.x lo64", "mod32.x u32", "smod32.x u32"},
		Term:  "(= ($1 x zero i) ($2 x))",
	},
	{
		ID: "div-immediate-zero", Of: "div-immediate-zero",
		Words: "The meaning of the forms gives what the RFC asks for, where the decoder refuses.",
		Over:  []string{"64 lo64", "32 u32"},
		Term: "(and (= (div$1.k x y #x00000000) zero) (= (sdiv$1.k x y #x00000000) zero)" +
			" (= (mod$1.k x y #x00000000) ($2 x)) (= (smod$1.k x y #x00000000) ($2 x)))",
	},
	{
		ID: "le-clears", Of: "le-clears",
		Words: "To the order that the machine has, a swap keeps the low bits and clears those above; to the other it is BSWAP.",
		Over:  masks,
		Term: "(and (= (le$1 x y i) (ite big (bswap$1 x y i) (bvand x $2)))" +
			" (= (be$1 x y i) (ite big (bvand x $2) (bswap$1 x y i))))",
	},
	{
		ID: "movsx-half", Of: "movsx-half",
		Words: "The result is the low half of the 64-bit form's.",
		Over:  each([]string{"8", "16"}, "movsx*_32 movsx*_64"),
		Term:  "(= ($1 x y i) (u32 ($2 x y i)))",
	},
	{
		ID: "jump-negative-immediate", Of: "jump-negative-immediate",
		Words: "A jump with an immediate is the one with a register that holds the sign-extended immediate.",
		Over:  immediates(spec.ClassJMP, spec.ClassJMP32),
		Term:  "(= ($1 x y i) ($2 x (sext i) j))",
	},
	{
		ID: "jump-zero-extended", Of: "jump-negative-immediate",
		Words:   "Extended with zeros the immediate gives another answer.",
		Over:    each([]string{"64"}, "jgt*.k jgt*.x", "jge*.k jge*.x", "jlt*.k jlt*.x", "jle*.k jle*.x", "jset*.k jset*.x"),
		Term:    "(distinct ($1 x y i) ($2 x (zext i) j))",
		Witness: map[string]uint64{"x": 1 << 32, "i": 0xffffffff},
	},
	{
		ID: "fetch-extends", Of: "fetch-extends",
		Words: "What a 32-bit fetch, XCHG or CMPXCHG yields has an upper half of 0.",
		Over:  each([]string{"fetch_add", "fetch_or", "fetch_and", "fetch_xor", "xchg", "cmpxchg"}, "atomic_*32"),
		Term:  "(= (hi32 ($1 x y i z (lo32 x))) #x00000000)",
	},
	{
		ID: "cmpxchg-success", Of: "cmpxchg-success",
		Words: "r0 is the old value after success too.",
		Term:  "(=> (= (lo32 x) (lo32 z)) (= (atomic_cmpxchg32 x y i z (lo32 x)) (u32 x)))",
	},
	{
		ID: "cmpxchg-keeps", Of: "cmpxchg-success",
		Words:   "A CMPXCHG that leaves r0 alone on success would show in its upper half.",
		Term:    "(and (= (lo32 x) (lo32 z)) (distinct (atomic_cmpxchg32 x y i z (lo32 x)) z))",
		Witness: map[string]uint64{"z": 1 << 32},
	},
	{
		ID: "cmpxchg-compares", Of: "cmpxchg-compares",
		Words: "The upper half of r0 has no part in what happens.",
		Term: "(and (= (atomic_cmpxchg32 x y i z (lo32 x)) (atomic_cmpxchg32 x y i (u32 z) (lo32 x)))" +
			" (= (atomic_cmpxchg32.mem x y i z (lo32 x)) (atomic_cmpxchg32.mem x y i (u32 z) (lo32 x))))",
	},
}
