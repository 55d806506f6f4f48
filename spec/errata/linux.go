package errata

var linux = []Erratum{
	{
		ID: "may-goto", Title: "may_goto",
		Texts:  "Not in the RFC. Opcode 0xe5, JCOND with source 0.",
		Linux:  "[ran] Falls through until a budget is spent, then jumps. [read] The budget is 8,388,608 passes, or with a timed JIT a quarter of a second.",
		Choice: "The budget is the machine's. A program whose result depends on its size is undefined.",
		Case:   "may-goto",
		Stage:  Run,
	},
	{
		ID: "call-args", Title: "Two meanings of opcode 0xe5",
		Texts:   "Not in the RFC.",
		Linux:   "[read] The same byte is may_goto in a program as it is loaded and, inside the kernel, the interpreter's call of a subprogram (CALL_ARGS).",
		Choice:  "may_goto. A source other than 0 is refused.",
		Case:    "call-args",
		Stage:   Encoding,
		Refusal: "may_goto",
	},
	{
		ID: "addr-space-cast", Title: "addr_space_cast",
		Texts:   "Not in the RFC. Opcode 0xbf with offset 1; the immediate holds the address spaces.",
		Linux:   "[ran] Immediates 1 and 0x10000 only, and only in a program that uses an arena.",
		Choice:  "The decoder takes the two; the verifier asks for the arena.",
		Case:    "addr-space-cast",
		Stage:   Encoding,
		Refusal: "addr_space_cast",
	},
	{
		ID: "map-ops-int", Title: "A map operation's negative result in 64 bits",
		Texts: "Not in the RFC. Linux's uapi header says that bpf_map_update_elem and bpf_map_delete_elem return long.",
		Linux: "[ran] 6.12 and 6.18 return -EINVAL in 64 bits. 5.10 and 6.1 with a JIT return 0xffffffea: the verifier calls the map's own function, " +
			"which returns int there, and the upper half is what the C compiler left. Their interpreter returns 64 bits. [read] 6.4 made these functions return long.",
		Choice: "64 bits, as the header says. Programs generated for releases before 6.4 look at 32.",
		Case:   "map-ops-int",
		Stage:  Run,
	},
	{
		ID: "tail-call-empty", Title: "A tail call that finds no program, and the limit of 33",
		Texts:  "Not in the RFC. Linux's uapi header speaks of a limit to the number of nested tail calls, MAX_TAIL_CALL_CNT.",
		Linux:  "[ran] 6.12 and 6.18 count calls that happen. 5.10 and 6.1 count one into an empty slot too, in their JIT on x86-64 and in their interpreter: the counter goes up before the slot is read.",
		Choice: "Calls that happen count.",
		Case:   "tail-call-empty",
		Stage:  Run,
	},
	{
		ID: "internal", Title: "Opcodes that only the kernel may write",
		Texts:   "Not in the RFC.",
		Linux:   "[ran] Refuses fault-tolerant loads, arena accesses, speculation barriers, the tail-call jump and the per-CPU move (opcode 0xbf, offset -1) from user space.",
		Choice:  "They have rows, marked internal, so that a dump can name them. The decoder refuses them.",
		Case:    "internal",
		Stage:   Encoding,
		Refusal: "reserved field",
	},
}
