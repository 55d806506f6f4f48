package release

// Switch names something that verifiers do differently. It is on where the kernel accepts the
// program that stands under its name in testdata/switches.txtar.
type Switch string

// Instructions.
const (
	FetchAtomics Switch = "fetch-atomics" // atomics with fetch, and, or, xor, xchg and cmpxchg
	MOVSX        Switch = "movsx"
	LDXS         Switch = "ldxs"
	SDIV         Switch = "sdiv"
	BSWAP        Switch = "bswap"
	JA32         Switch = "ja32"
	MayGoto      Switch = "may_goto"
	MayGotoNext  Switch = "may_goto-next" // may_goto with offset 0
	AcquireLoad  Switch = "load_acquire"  // and store_release
)

// Memory.
const (
	STContext       Switch = "st-context"        // constants may be stored to a context
	LDXSContext     Switch = "ldxs-context"      // sign-extending loads of a context
	UnwrittenStack  Switch = "unwritten-stack"   // privileged loads of stack that was not written
	UnwrittenHelper Switch = "unwritten-helper"  // such stack as memory that a helper reads
	VariableStack   Switch = "variable-stack"    // loads and stores of the stack at a variable offset
	VariableSyscall Switch = "variable-syscall"  // loads of a syscall program's context at a variable offset
	SyscallMemory   Switch = "syscall-memory"    // a syscall program's context is memory that helpers take
	ReadOnlyMemIn   Switch = "checked-mem-write" // memory that a helper changes has to be writable, written before or not
	PrivateStack    Switch = "private-stack"     // subprograms of kprobe programs may have 512 bytes each
	ReturnPointer   Switch = "return-pointer"    // a privileged program may return a pointer
	SpillFills      Switch = "spill-fills"       // a spilled number of less than 8 bytes makes the rest of its slot readable
	STSpill         Switch = "st-spill"          // a constant that is stored to the stack is known when it is loaded
)

// What the verifier knows of numbers.
const (
	Spill32         Switch = "spill32"          // a spilled 32-bit scalar keeps its range
	SpillLinked     Switch = "spill-linked"     // a spilled scalar is refined with its register
	LinkedDelta     Switch = "linked-delta"     // r2 = r1 + 1 is refined with r1
	JNEBounds       Switch = "jne-bounds"       // r != 64 takes 64 off the end of a range
	RegisterBounds  Switch = "register-bounds"  // a comparison of two registers refines both, if neither is constant
	DivBounds       Switch = "div-bounds"       // division by a constant has a range
	ModBounds       Switch = "mod-bounds"       // so has the remainder
	NegBounds       Switch = "neg-bounds"       // and the negation
	ShiftBounds     Switch = "shift-bounds"     // and a shift by a register that is not constant
	SwapBounds      Switch = "swap-bounds"      // a number in the other byte order is known as well as before
	NullEqual       Switch = "null-equal"       // a pointer that equals one that is not null is not null
	ConstKeyNonNull Switch = "constkey-nonnull" // an array's element with a constant key in range is there
)

// What is accepted though it may do harm. The default rules refuse it.
const (
	FrameLost       Switch = "frame-lost"       // number += r10 is taken for a pointer into the main function's frame
	TailCallReturns Switch = "tailcall-returns" // a tail call in a function is taken not to end that function half-way
)

// Unsafe are the switches whose programs may do harm.
var Unsafe = []Switch{FrameLost, TailCallReturns}

// Switches are all of them.
var Switches = []Switch{
	FetchAtomics, MOVSX, LDXS, SDIV, BSWAP, JA32, MayGoto, MayGotoNext, AcquireLoad,
	STContext, LDXSContext, UnwrittenStack, UnwrittenHelper, VariableStack, VariableSyscall, SyscallMemory, ReadOnlyMemIn, PrivateStack, ReturnPointer, SpillFills, STSpill,
	Spill32, SpillLinked, LinkedDelta, JNEBounds, RegisterBounds, DivBounds, ModBounds, NegBounds, ShiftBounds, SwapBounds, NullEqual, ConstKeyNonNull,
	FrameLost, TailCallReturns,
}
