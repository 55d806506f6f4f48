package errata

// LD_ABS and LD_IND: RFC 9669 section 5.5 deprecates them and leaves them to the
// implementation.
var packet = []Erratum{
	{
		ID: "ldabs-order", Title: "LD_ABS and LD_IND",
		Texts:  "RFC 9669 section 5.5 leaves them to the implementation.",
		Linux:  "[ran] For programs on socket buffers only. r6 must hold the context. The value goes from network to host order and lands in r0.",
		Choice: "As Linux.",
		Case:   "ldabs-order",
		Stage:  Run,
	},
	{
		ID: "ldabs-outside", Title: "LD_ABS outside the packet",
		Texts:  "As above.",
		Linux:  "[ran] The program ends with 0. [read] In a subprogram it is the subprogram that returns 0.",
		Choice: "As Linux: r0 = 0 and Exit.",
		Case:   "ldabs-outside",
		Stage:  Run,
	},
	{
		ID: "ldabs-clobbers", Title: "r1 to r5 after LD_ABS",
		Texts:   "As above.",
		Linux:   "[ran] Unreadable, as after a call.",
		Choice:  "Undefined (Clobber in the tree).",
		Case:    "ldabs-clobbers",
		Stage:   Verifier,
		Refusal: "R1 !read_ok",
	},
	{
		ID: "ldabs-negative", Title: "LD_ABS at a negative offset",
		Texts:  "As above. Classic BPF reaches the network and link headers through offsets near -0x100000 and -0x200000 (SKF_*).",
		Linux:  "[ran] The same offsets work: byte -0x100000 of an IPv4 packet is 0x45. Others below zero are outside, and end the program.",
		Choice: "Offsets are signed and 32 bits wide. What SKF_* offsets reach is the program type's affair; a plain negative offset is outside the packet.",
		Case:   "ldabs-negative",
		Stage:  Run,
	},
	{
		ID: "ldabs-double", Title: "LD_ABS of eight bytes",
		Texts:   "RFC 9669 section 5.5 and the appendix have sizes B, H and W.",
		Linux:   "[ran] Unknown opcode 0x38. Another runtime has it.",
		Choice:  "Unknown opcode.",
		Case:    "ldabs-double",
		Stage:   Encoding,
		Refusal: "unknown opcode 38",
	},
}
