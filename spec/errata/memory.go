package errata

var memory = []Erratum{
	{
		ID: "unwritten-stack", Title: "Reading stack that nothing has written",
		Texts:  "The RFC does not say.",
		Linux:  "[ran] Allowed for privileged users since 6.3, with whatever was there; refused for others.",
		Choice: "Reads an undefined value, tracked by the reference VM and never compared.",
		Case:   "unwritten-stack",
		Stage:  Run,
	},
	{
		ID: "unaligned-stack", Title: "Unaligned load from the stack",
		Texts:   "RFC 9669 section 5.1 does not speak of alignment.",
		Linux:   "[ran] Refuses: misaligned stack access. Even where the processor could do it.",
		Choice:  "The verifier refuses; engines do it byte by byte as seen from outside.",
		Case:    "unaligned-stack",
		Stage:   Verifier,
		Refusal: "misaligned",
	},
	{
		ID: "unaligned-packet", Title: "Unaligned load from a packet",
		Texts:  "RFC 9669 section 5.1 does not speak of alignment.",
		Linux:  "[ran] Works on x86-64; refused on machines without unaligned access, and under the strict flag.",
		Choice: "Works.",
		Case:   "unaligned-packet",
		Stage:  Run,
	},
	{
		ID: "store-immediate", Title: "Eight-byte store of a negative immediate",
		Texts:  "RFC 9669 section 5.1 writes `*(u64 *)(dst + offset) = imm`.",
		Linux:  "[ran] Sign-extends the immediate.",
		Choice: "Sign-extended, as everywhere.",
		Case:   "store-immediate",
		Stage:  Run,
	},
}
