package errata

var registers = []Erratum{
	{
		ID: "frame-pointer", Title: "Writing r10",
		Texts:  "RFC 9669 section 4.3.2 and Linux's documentation: r10 is read-only.",
		Linux:  "[ran] Refuses any instruction that would write it: frame pointer is read only.",
		Choice: "The decoder refuses: it shows in the encoding alone.",
		Case:   "frame-pointer",
	},
	{
		ID: "fetch-r10", Title: "Fetching into r10",
		Texts:  "RFC 9669 section 5.3: FETCH overwrites the source register.",
		Linux:  "[ran] Refuses source r10 with FETCH and XCHG. CMPXCHG writes r0 and not its source.",
		Choice: "The decoder refuses FETCH and XCHG with source r10.",
		Case:   "fetch-r10",
	},
	{
		ID: "register-11", Title: "Registers 11 to 15",
		Texts:  "RFC 9669 section 3.1: register numbers are 0 to 10.",
		Linux:  "[ran] Refuses: R11 is invalid. [read] Linux 7.x gives r11 and r12 a meaning in loads and stores, as slots for arguments.",
		Choice: "Refused.",
		Case:   "register-11",
	},
	{
		ID: "unwritten-register", Title: "Reading a register that nothing has written",
		Texts:  "The RFC says nothing of the registers' first values.",
		Linux:  "[ran] Refuses: !read_ok.",
		Choice: "The verifier refuses. An engine reads some value, which is undefined: the reference VM tracks that, and no comparison looks at it.",
		Case:   "unwritten-register",
	},
	{
		ID: "second-argument", Title: "r2 at entry",
		Texts:  "The RFC leaves the entry state to the platform; bpf_conformance passes the length of memory in r2.",
		Linux:  "[ran] Unreadable: only r1 and r10 are set.",
		Choice: "By program type: r2 is the length for type mem, undefined for Linux's types.",
		Case:   "second-argument",
	},
	{
		ID: "call-clobbers", Title: "r1 to r5 after a call",
		Texts:  "RFC 9669 section 4.3.1 leaves the calling convention to the platform's ABI.",
		Linux:  "[ran] Unreadable after any call, until written.",
		Choice: "Undefined after every call (Clobber in the tree).",
		Case:   "call-clobbers",
	},
	{
		ID: "callee-registers", Title: "r6 to r9 in a callee",
		Texts:  "RFC 9669 section 4.3.2: the caller's r6 to r9 survive the call. What the callee finds in them is not said.",
		Linux:  "[ran] Unreadable in the callee until it writes them.",
		Choice: "Undefined in the callee, restored at its exit.",
		Case:   "callee-registers",
	},
	{
		ID: "pointer-return", Title: "Returning a pointer",
		Texts:  "Not in the RFC.",
		Linux:  "[ran] A subprogram may not return a pointer into its own frame; a static one may return its context, and a privileged user's program any pointer. [read] Global subprograms and programs of unprivileged users must return a number.",
		Choice: "The verifier refuses; engines return the number.",
		Case:   "pointer-return",
	},
}
