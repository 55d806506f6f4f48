package errata

// Where two texts, or a text and its own table, cannot both be right.
var contradictions = []Erratum{
	{
		ID: "S1", Title: "64-bit division by a negative immediate",
		Texts:  "RFC 9669 section 4.1: for ALU64 the immediate is sign-extended to 64 bits and then taken as unsigned. Its appendix writes `dst / (u32)imm` and `dst % (u32)imm` (opcodes 0x37, 0x97).",
		Linux:  "[ran] Sign-extends: dividing 0xffffffffffffffff by immediate -1 gives 1.",
		Choice: "The prose. The appendix is wrong.",
		Case:   "div64-negative-immediate",
	},
	{
		ID: "S2", Title: "Sign-extending loads are missing from the appendix",
		Texts:  "RFC 9669 section 5.2 defines MEMSX for one, two and four bytes. The appendix has no line for opcodes 0x81, 0x89 and 0x91, so no table gives them a conformance group.",
		Linux:  "[ran] Runs all three; [read] since 6.6. 0x99, eight bytes, is an unknown opcode.",
		Choice: "The three exist, in group base32: section 2.4 puts there whatever is not excluded.",
		Case:   "memsx",
	},
	{
		ID: "S3", Title: "The least number divided by -1",
		Texts:  "RFC 9669 section 4.1 defines signed division and modulo and says nothing of the one quotient that does not fit. Linux's later text gives it the value that wraps.",
		Linux:  "[ran] The quotient is the least number again and the remainder is 0, at 32 and 64 bits. [read] Up to 6.11 x86's JIT could fault on it; since 6.12 the verifier rewrites the instruction.",
		Choice: "Division by -1 is negation, modulo -1 is 0: the tree says so in a Cond of its own.",
		Case:   "sdiv-overflow",
	},
	{
		ID: "S4", Title: "The appendix leaves out masks and casts",
		Texts:  "RFC 9669 section 4.1 masks shift counts to 63 or 31, and 32-bit operations take the low half of both operands. The appendix writes `dst << src`, `(u32)(dst >> imm)`, which lets the upper half come down, and `(u32)dst > imm`, which compares 32 bits with 64.",
		Linux:  "[ran] Masks the count, and works on the low half of both operands.",
		Choice: "The prose. Fourteen forms differ from the appendix read by the letter; a test of package spec lists them and shows that each really does.",
		Case:   "rsh32-upper-half",
	},
	{
		ID: "S5", Title: "Names of classes and source bits",
		Texts:  "RFC 9669 section 4.3: the row of EXIT in the table of jumps carries a remark that belongs to CALL, `{CALL, K, JMP} only`. Section 4.2 names an ALU64 swap with TO, a name of the source bit that ALU64 reserves.",
		Linux:  "[ran] 0x95 is EXIT, 0x9d is unknown. 0xd7 with source bit 0 is the unconditional swap, 0xdf is unknown.",
		Choice: "EXIT is {EXIT, K, JMP} only. The unconditional swap has source bit 0.",
		Case:   "bswap-source-bit",
	},
	{
		ID: "S6", Title: "Who must clear unused fields",
		Texts:  "RFC 9669 section 3.1: unused fields shall be cleared to zero. That binds who writes a program. No clause says what a loader does with one that breaks the rule.",
		Linux:  "[ran] Refuses every form with a non-zero unused field, at load time; the one exception is EXIT's offset.",
		Choice: "The decoder refuses them all.",
		Case:   "reserved-offset-add",
	},
	{
		ID: "S7", Title: "Atomic operations on 8 and 16 bits",
		Texts:  "RFC 9669 section 5.3: 8-bit and 16-bit atomic operations are not supported.",
		Linux:  "[ran] Load-acquire and store-release exist at 8, 16, 32 and 64 bits since 6.15. The other atomic operations at 8 and 16 bits are refused.",
		Choice: "As Linux. The ordered forms are in group linux, so an implementation of the RFC alone is not asked for them.",
		Case:   "load-acquire-byte",
	},
	{
		ID: "S8", Title: "The low half of a 64-bit immediate",
		Texts:  "RFC 9669 section 5.4 and the appendix write `(next_imm << 32) | imm`. Everywhere else imm is signed and extended; extended here, a negative one would overwrite the upper half with ones.",
		Linux:  "[ran] Joins the two halves as unsigned numbers.",
		Choice: "As Linux: imm is zero-extended.",
		Case:   "lddw-negative-low-half",
	},
	{
		ID: "S9", Title: "Which part of the divisor is compared with zero",
		Texts:  "The appendix writes 32-bit division by a register as `(src != 0) ? ((u32)dst / (u32)src) : 0`. With src = 0x100000000 the test passes and the division is by zero. RFC 9669 section 4.1 works on 32 bits throughout.",
		Linux:  "[ran] Tests the low half: the quotient is 0, the remainder the low half of dst.",
		Choice: "The low half is tested.",
		Case:   "div32-by-high-half",
	},
}
