package errata

var arithmetic = []Erratum{
	{
		ID: "shift-register", Title: "Shift by a register that holds the width or more",
		Texts:  "RFC 9669 section 4.1: the count is masked with 63 for ALU64 and 31 for ALU.",
		Linux:  "[ran] Masks. [read] Its interpreter masks register counts and not immediates, which the verifier has checked.",
		Choice: "Masked: counts are taken modulo the width.",
		Case:   "shift-register",
	},
	{
		ID: "shift-immediate", Title: "Shift by an immediate out of range",
		Texts:  "RFC 9669 section 4.1 masks every count, an immediate one too.",
		Linux:  "[ran] Refuses: invalid shift. The range is 0 to 31 for ALU and 0 to 63 for ALU64.",
		Choice: "The decoder refuses, as Linux does. An implementation that masks conforms to the RFC: vectors mark this a choice.",
		Case:   "shift-immediate",
	},
	{
		ID: "div-register-zero", Title: "Division by a register that is zero",
		Texts:  "RFC 9669 section 4.1: the result is 0.",
		Linux:  "[ran] 0. [read] The verifier writes a test in front of each division; interpreter and JIT by themselves do not.",
		Choice: "0.",
		Case:   "div-register-zero",
	},
	{
		ID: "mod-register-zero", Title: "Modulo a register that is zero",
		Texts:  "RFC 9669 section 4.1: dst is unchanged for ALU64; for ALU its upper half is cleared.",
		Linux:  "[ran] So: the 32-bit form clears the upper half.",
		Choice: "The dividend, cut to the operation's width.",
		Case:   "mod-register-zero",
	},
	{
		ID: "div-immediate-zero", Title: "Division by an immediate zero",
		Texts:  "RFC 9669 section 4.1 gives 0, and makes no exception for immediates.",
		Linux:  "[ran] Refuses: div by zero. So for all four of DIV, SDIV, MOD, SMOD.",
		Choice: "The decoder refuses, as Linux does; a choice for an implementation of the RFC alone.",
		Case:   "div-immediate-zero",
	},
	{
		ID: "le-clears", Title: "Byte swap to the order the machine already has",
		Texts:  "RFC 9669 section 4.2 gives htole16(dst), whose argument and result have 16 bits.",
		Linux:  "[ran] le16 and le32 on a little-endian host clear the bits above.",
		Choice: "The result is zero-extended on either machine.",
		Case:   "le-clears",
	},
	{
		ID: "movsx-half", Title: "Sign extension into 32 bits",
		Texts:  "RFC 9669 section 4.1: {MOVSX, X, ALU} extends to 32 bits and clears the upper half.",
		Linux:  "[ran] So.",
		Choice: "As the text.",
		Case:   "movsx-half",
	},
	{
		ID: "jump-negative-immediate", Title: "Unsigned comparison with a negative immediate",
		Texts:  "RFC 9669 section 4.3 says unsigned and leaves open whether the immediate is extended with its sign.",
		Linux:  "[ran] For 64-bit jumps the immediate is sign-extended and the result compared as unsigned.",
		Choice: "As Linux.",
		Case:   "jump-negative-immediate",
	},
	{
		ID: "fixups", Title: "Division rules live in the verifier",
		Texts:  "The RFC speaks of one machine.",
		Linux:  "[read] Division by 0 and by -1 are rewritten by the verifier; the JIT emits the bare instruction. The kernel's module test_bpf loads programs without the verifier, and so differs from the kernel that people use.",
		Choice: "Linux is verifier, fix-ups and JIT together.",
		Case:   "fixups",
	},
}
