package release

// about says what the switches are, for people who see a program refused because of one.
var about = map[Switch]string{
	FetchAtomics: "atomics with fetch, and, or, xor, xchg and cmpxchg",
	MOVSX:        "sign-extending moves",
	LDXS:         "sign-extending loads",
	SDIV:         "signed division",
	BSWAP:        "bswap",
	JA32:         "jumps with an offset of 32 bits",
	MayGoto:      "may_goto",
	MayGotoNext:  "may_goto with offset 0",
	AcquireLoad:  "load_acquire and store_release",

	STContext:       "constants may be stored to a context",
	LDXSContext:     "sign-extending loads of a context",
	UnwrittenStack:  "stack may be loaded that was not written",
	UnwrittenHelper: "stack that was not written may be passed to helpers that read it",
	VariableStack:   "the stack may be loaded and stored at a variable offset",
	VariableSyscall: "a syscall program's context may be loaded at a variable offset",
	SyscallMemory:   "a syscall program's context may be passed to helpers as memory",
	ReadOnlyMemIn:   "memory that a helper changes has to be writable, written before or not",
	PrivateStack:    "functions of some types of programs have 512 bytes of stack each",
	ReturnPointer:   "an address may be returned",
	SpillFills:      "a spilled number of less than 8 bytes makes the rest of its slot readable",
	STSpill:         "a constant that is stored to the stack is known when it is loaded",

	Spill32:         "a spilled number of 32 bits keeps its range",
	SpillLinked:     "a spilled number is refined with its register",
	LinkedDelta:     "r2 = r1 + 1 is refined with r1",
	JNEBounds:       "an inequality takes the end off a range",
	RegisterBounds:  "a comparison of two registers refines both",
	DivBounds:       "a quotient has a range",
	ModBounds:       "a remainder has a range",
	NegBounds:       "a negation has a range",
	ShiftBounds:     "a shift by a register that is not constant has a range",
	SwapBounds:      "a number in the other byte order is known as well as before",
	NullEqual:       "an address that equals one that is not null is not null",
	ConstKeyNonNull: "an array's element with a constant key in range is there",

	FrameLost:       "number += r10 is taken for an address in the main function's frame, which is a mistake",
	TailCallReturns: "a tail call in a function is taken not to end that function half-way, which is a mistake",
}

// About says what a switch is.
func (s Switch) About() string { return about[s] }

// With is the release with a switch set: to see what it does to a program.
func (r *Release) With(s Switch, on bool) *Release {
	return &Release{
		Name: r.Name, Linux: r.Linux, allowed: r.allowed, contexts: r.contexts, facts: r.facts, caps: r.caps, lender: r.lender,
		set: map[Switch]bool{s: on},
	}
}
