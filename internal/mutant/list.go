package mutant

// The planted bugs. None means no bug.
const (
	None ID = iota
	Mod32ZeroKeepsUpper
	JSGTImmZeroExtended
	CmpXchg32KeepsUpper
	StackSlotAliased
	TailCallOffByOne
	Div32TestsWholeSource
	LSH32Unmasked
	LE16KeepsUpper
	LDXBKeepsUpper
	JEQ32ComparesWhole
	LDDWLowSignExtends
	CalleeClobbersR6
	SDivOverflowIsZero
)

// All lists every mutant, in order of ID.
var All = []Mutant{
	{Mod32ZeroKeepsUpper, "mod32-zero-keeps-upper", "fastvm", "mod32 by zero leaves the upper half of dst", "CVE-2021-3444"},
	{JSGTImmZeroExtended, "jsgt-imm-zero-extended", "fastvm", "64-bit jsgt compares with the zero-extended immediate", "uBPF e8de891f"},
	{CmpXchg32KeepsUpper, "cmpxchg32-keeps-upper", "fastvm", "32-bit cmpxchg leaves the upper half of r0 when it succeeds", "uBPF 21907f34"},
	{StackSlotAliased, "stack-slot-aliased", "fastvm", "an 8-byte store at r10-16 goes to r10-8", "uBPF stack layout; riscv 91f658587a96"},
	{TailCallOffByOne, "tail-call-off-by-one", "fastvm", "one tail call too many succeeds", "riscv 745abfaa9eaf"},
	{Div32TestsWholeSource, "div32-tests-whole-source", "fastvm", "div32 tests all 64 bits of its divisor for zero", "CVE-2021-3600"},
	{LSH32Unmasked, "lsh32-unmasked", "fastvm", "lsh32 by a register does not mask the count", "uBPF 54be1df5"},
	{LE16KeepsUpper, "le16-keeps-upper", "fastvm", "le16 on a little-endian machine changes nothing", "uBPF 1086d004"},
	{LDXBKeepsUpper, "ldxb-keeps-upper", "fastvm", "ldxb leaves the upper 56 bits of dst", "uBPF 11bbc5f8"},
	{JEQ32ComparesWhole, "jeq32-compares-whole", "fastvm", "jeq32 compares u32(dst) with all of src", "uBPF 25425b90"},
	{LDDWLowSignExtends, "lddw-low-sign-extends", "fastvm", "lddw sign-extends its low word over the high one", "uBPF c22b0041"},
	{CalleeClobbersR6, "callee-clobbers-r6", "fastvm", "r6 is not restored when a subprogram returns", "x86-64 register map bugs"},
	{SDivOverflowIsZero, "sdiv-overflow-is-zero", "fastvm", "sdiv of MIN by -1 gives 0", "CVE-2024-49888"},
}
