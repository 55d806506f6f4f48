package errata

var atomics = []Erratum{
	{
		ID: "fetch-extends", Title: "Upper half after a 32-bit fetch",
		Texts:  "RFC 9669 section 5.3 says for CMPXCHG alone that the result is zero-extended; for FETCH and XCHG it is silent.",
		Linux:  "[ran] Zero-extends all of them.",
		Choice: "What is read is zero-extended.",
		Case:   "fetch-extends",
		Stage:  Run,
	},
	{
		ID: "cmpxchg-success", Title: "r0 after a 32-bit CMPXCHG that succeeds",
		Texts:  "RFC 9669 section 5.3: the value that was there is zero-extended and loaded to r0. Processors leave the register alone on success.",
		Linux:  "[ran] Clears the upper half of r0 whether it succeeds or fails.",
		Choice: "r0 is written in both cases.",
		Case:   "cmpxchg-success",
		Stage:  Run,
	},
	{
		ID: "cmpxchg-compares", Title: "What a 32-bit CMPXCHG compares",
		Texts:  "RFC 9669 section 5.3 compares with r0.",
		Linux:  "[ran] Compares with the low half of r0.",
		Choice: "The low half.",
		Case:   "cmpxchg-compares",
		Stage:  Run,
	},
	{
		ID: "atomic-operation", Title: "Atomic instruction with an unknown immediate",
		Texts:   "RFC 9669 section 5.3 lists the operations. XCHG and CMPXCHG always fetch: 0xe0 and 0xf0 are not among them.",
		Linux:   "[ran] Refuses 0xe0, 0xf0, 0x02, 0x53 and all others.",
		Choice:  "Refused.",
		Case:    "atomic-operation",
		Stage:   Encoding,
		Refusal: "invalid atomic op",
	},
	{
		ID: "atomic-unaligned", Title: "Unaligned atomic operation",
		Texts:   "RFC 9669 section 5.3 does not speak of alignment.",
		Linux:   "[ran] Refuses wherever the verifier can tell, without regard to the strict flag.",
		Choice:  "A fault of kind align in checked engines.",
		Case:    "atomic-unaligned",
		Stage:   Verifier,
		Refusal: "misaligned",
	},
	{
		ID: "ordered-sizes", Title: "Load-acquire and store-release",
		Texts:  "Not in the RFC.",
		Linux:  "[ran] Immediates 0x100 and 0x110 at all four sizes since 6.15. Loads are zero-extended. The roles of dst and src are those of a load and of a store.",
		Choice: "As Linux.",
		Case:   "ordered-sizes",
		Stage:  Run,
	},
}
