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
	JITStoreByteHigh
	JITFetchClobbersR0
	JITMulZeroIgnored
	JITDivClobbersR3
	JITZeroImmIsRegister
	JITSub32Wide
	JITMul32SignExtends
	JITShift32ByZero
	JITJSET32TestsUpper
	JITLDXHSignExtends
	JITJSETClobbersDst
	JITSignedCompareLow
	JITNegUsesSrc
	JITSubMinIsAdd
	JITModOneIgnored
	JITSwap16KeepsUpper
	JITCmpXchg32KeepsUpper
	JITZextDropped
	JITTailCallOffByOne
	JITCalleeClobbersR9
	JITNoRefund
	JITAlign64By4
	JITLooksAtHalf
	JITFrameTooLong
	JITHighHalfIgnored
	JITSmodMinusOne
	JITMovsx8ZeroExtends
	JITStoreImmZeroExtends
	JITLDDWShort
	JITLoopCountShort
	AMD64UnrolledRefund
	AMD64UnrolledSkips
	AMD64UnrolledExit
	AMD64PointerReadTwice
	JITRunsShared
	JITPanicKeepsDepth
	ARM64Imm12TooLong
	ARM64LogicalRotated
	ARM64CompareMagnitude
	ARM64MovnNarrow
	ARM64MovkDropped
	ARM64PairReadsDst
	ARM64ShiftedAddCount
	ARM64ModConstNarrow
	ARM64AtomicAndPlain
	ARM64UnscaledTooFar
	ARM64SignedLoadNarrow
	ARM64Rev32Halves
	ARM64JGTIncludesEqual
	ARM64CbzNarrow
	NumMeetIgnoresConflict
	NumEmptyIsKept
	NumTnumAddDropsCarries
	NumMov32SignExtends
	NumTruncateAcross
	NumALU32Wide
	NumRshArithmetic
	NumJmp32CutBounds
	NumOr32CutBounds
	NumBitwise32Stale
	NumSubFromUmin
	NumAddOverflowMissed
	NumDivByZeroForgotten
	NumModByZeroForgotten
	NumDiv32ZeroTest
	NumSdivOverflow
	NumSmodDivisorSign
	NumUnsetPossible
	NumJSLEStrict
	NumJmp32DecidedWhole
	NumJeq32SetsWhole
	NumMovsx32Wide
	NumSignedFromUnsigned
	NumSubsumesInverted
	NumJoinIgnoresValue
	NumLsh32CountWide
	VerifierDeltaForgotten
	VerifierStackNotCompared
	VerifierLinksNotCompared
	VerifierScalarIsPointer
	VerifierNothingDemanded
	VerifierRangeNotCompared
	VerifierSwapKeepsID
	VerifierSubNotNegated
	VerifierNullMoves
	VerifierNullDeref
	VerifierOffsetUnbounded
	VerifierRangeKept
	VerifierRangeOffByTwo
	VerifierUnaligned
	VerifierMaxNotChecked
	VerifierBoundsOffByOne
	VerifierStackOffByOne
	VerifierStackEscapes
	VerifierStoreImm32
	VerifierNarrowSpillKeepsID
	VerifierNarrowFillKeepsID
	VerifierSpillSurvives
	VerifierContextWritable
	VerifierPacketWritable
	VerifierOneSideDemanded
	VerifierArgsSurvive
	VerifierLeaks
	VerifierCallbackReturn
	VerifierHelperKeepsR1
	VerifierReleasedStays
	VerifierReleaseMoved
	VerifierKeyAlwaysThere
	VerifierHelperWritesReadOnly
	VerifierDepthNotSummed
	VerifierMixedBases
	VerifierRoundsNotCompared
	VerifierPointerLeaks
	VerifierUnwrittenStack
	VerifierLicenceIgnored
	VerifierLockNotCompared
	VerifierSliceOutlives
	VerifierFieldTouched
	VerifierOtherLock
	VerifierCastOutlives
	VerifierCastNullReleases
	VerifierDynptrForged
	VerifierDynptrRead
	VerifierKeyWritable
	VerifierPacketPassed
	VerifierLaterReturn
	VerifierSockWhole
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
	{JITStoreByteHigh, "jit-store-byte-high", "jit", "a byte store of r1 or r2 writes the second byte of another register", "x86 sil and dil without REX, aee194b14dd2"},
	{JITFetchClobbersR0, "jit-fetch-clobbers-r0", "jit", "the fetching and, or and xor leave the old value in r0 too", "x86 ced185824c89"},
	{JITMulZeroIgnored, "jit-mul-zero-ignored", "jit", "a multiplication by the immediate 0 does nothing", "sBPF b20e773"},
	{JITDivClobbersR3, "jit-div-clobbers-r3", "jit", "a division into r0 leaves the remainder in r3", "rbpf b1e4508"},
	{JITZeroImmIsRegister, "jit-zero-imm-is-register", "jit", "a comparison with the immediate 0 compares with r0", "rbpf 5d4d78d5"},
	{JITSub32Wide, "jit-sub32-wide", "jit", "sub32 of an immediate works on 64 bits", "rbpf 25425b90"},
	{JITMul32SignExtends, "jit-mul32-sign-extends", "jit", "mul32 of an immediate sign-extends its result", "rbpf ef0264d"},
	{JITShift32ByZero, "jit-shift32-by-zero", "jit", "a 32-bit shift by the immediate 0 leaves the upper half", "x86-32 6fa632e719ee"},
	{JITJSET32TestsUpper, "jit-jset32-tests-upper", "jit", "jset32 with an immediate tests 64 bits", "x86-32 80f1f8503635"},
	{JITLDXHSignExtends, "jit-ldxh-sign-extends", "jit", "ldxh sign-extends", "x86-32 5fa9a98fb103"},
	{JITJSETClobbersDst, "jit-jset-clobbers-dst", "jit", "jset with a register leaves the conjunction in dst", "x86-32 50fe7ebb6475"},
	{JITSignedCompareLow, "jit-signed-compare-low", "jit", "jsgt of registers compares the lower halves", "x86-32 711aef1bbf88"},
	{JITNegUsesSrc, "jit-neg-uses-src", "jit", "neg negates the register that src names, r0", "uBPF 21907f34"},
	{JITSubMinIsAdd, "jit-sub-min-is-add", "jit", "sub of the least immediate is done as an addition of its negation, which is the same", "s390, ppc"},
	{JITModOneIgnored, "jit-mod-one-ignored", "jit", "mod by the immediate 1 leaves dst", "ppc"},
	{JITSwap16KeepsUpper, "jit-swap16-keeps-upper", "jit", "be16 and bswap16 leave the upper bits", "mips"},
	{JITCmpXchg32KeepsUpper, "jit-cmpxchg32-keeps-upper", "jit", "32-bit cmpxchg leaves the upper half of r0 when it succeeds", "uBPF 21907f34"},
	{JITZextDropped, "jit-zext-dropped", "jit", "mov32 of a register to itself is taken for nothing", "s390 zext"},
	{JITTailCallOffByOne, "jit-tail-call-off-by-one", "jit", "one tail call too many succeeds", "riscv 745abfaa9eaf"},
	{JITCalleeClobbersR9, "jit-callee-clobbers-r9", "jit", "r9 is not saved across calls made in native code", "x86-64 register map bugs"},
	{JITNoRefund, "jit-no-refund", "jit", "a fault inside a block counts the rest of the block", "solana rbpf 270"},
	{JITAlign64By4, "jit-align64-by-4", "jit", "an 8-byte atomic may stand at a multiple of 4", "arm64 atomics"},
	{JITLooksAtHalf, "jit-looks-at-half", "jit", "an 8-byte access looks at the permissions of 4 bytes", "uBPF 435"},
	{JITFrameTooLong, "jit-frame-too-long", "jit", "an access may reach 8 bytes beyond the frame's end", "uBPF stack bounds"},
	{JITHighHalfIgnored, "jit-high-half-ignored", "jit", "the upper half of an address is not looked at", "uBPF 435"},
	{JITSmodMinusOne, "jit-smod-minus-one", "jit", "smod by -1 leaves dst", "CVE-2024-49888"},
	{JITMovsx8ZeroExtends, "jit-movsx8-zero-extends", "jit", "movsx of a byte to 32 bits zero-extends", "riscv movsx"},
	{JITStoreImmZeroExtends, "jit-store-imm-zero-extends", "jit", "an 8-byte store of an immediate zero-extends it", "sBPF 0c64b48"},
	{JITLDDWShort, "jit-lddw-short", "jit", "lddw of a number whose upper half is 0 sign-extends the lower", "uBPF c22b0041"},
	{JITLoopCountShort, "jit-loop-count-short", "jit", "bpf_loop that is stopped returns one round less", "helper bugs"},
	{AMD64UnrolledRefund, "amd64-unrolled-refund", "jit/amd64", "an unrolled loop that ends in its second round gives back no fuel for the third", "compilers' unrolled loops"},
	{AMD64UnrolledSkips, "amd64-unrolled-skips", "jit/amd64", "the second round of an unrolled loop leaves out its first instruction", "compilers' unrolled loops"},
	{AMD64UnrolledExit, "amd64-unrolled-exit", "jit/amd64", "an unrolled loop that ends in its second round goes on one instruction too far", "compilers' unrolled loops"},
	{AMD64PointerReadTwice, "amd64-pointer-read-twice", "jit/stress", "a store through a pointer that was just loaded loads it again after it has looked whether the store may be made", "double fetches"},
	{JITRunsShared, "jit-runs-shared", "jit/stress", "machines that run at the same time share the state of a run", "races"},
	{JITPanicKeepsDepth, "jit-panic-keeps-depth", "jit/stress", "a run begins in the frame in which the one before ended", "state left behind by panics"},
	{ARM64Imm12TooLong, "arm64-imm12-too-long", "jit/arm64", "an immediate of 13 bits is taken for one of 12", "arm64 check_imm off by one"},
	{ARM64LogicalRotated, "arm64-logical-rotated", "jit/arm64", "a 32-bit logical immediate is rotated one bit too far", "arm64 579d1b3faa37"},
	{ARM64CompareMagnitude, "arm64-compare-magnitude", "jit/arm64", "a comparison with a small negative immediate compares with its magnitude", "uBPF e8de891f"},
	{ARM64MovnNarrow, "arm64-movn-narrow", "jit/arm64", "mov of a negative immediate clears the upper half", "CVE-2017-16995"},
	{ARM64MovkDropped, "arm64-movk-dropped", "jit/arm64", "the highest 16 bits of a constant of four parts stay 0", "rbpf 0c64b48"},
	{ARM64PairReadsDst, "arm64-pair-reads-dst", "jit/arm64", "a copy joined with an operation that has dst on both sides reads the old dst", "uBPF 21907f34"},
	{ARM64ShiftedAddCount, "arm64-shifted-add-count", "jit/arm64", "a shift joined with an addition loses the lowest bit of its count", "arm64 shifted operands"},
	{ARM64ModConstNarrow, "arm64-mod-const-narrow", "jit/arm64", "the remainder of a 64-bit division by a constant is made in 32 bits", "ppc MOD imm"},
	{ARM64AtomicAndPlain, "arm64-atomic-and-plain", "jit/arm64", "an atomic and clears the bits that it has to keep", "arm64 LSE stclr"},
	{ARM64UnscaledTooFar, "arm64-unscaled-too-far", "jit/arm64", "a displacement of 256 to 511 that is no multiple of the size is taken for one of 9 bits, signed", "arm32 4178417cc535"},
	{ARM64SignedLoadNarrow, "arm64-signed-load-narrow", "jit/arm64", "sign-extending loads of 1 and 2 bytes clear the upper half", "s390 and arm32 MEMSX, 2023"},
	{ARM64Rev32Halves, "arm64-rev32-halves", "jit/arm64", "be32 and bswap32 swap the bytes of each half", "mips BSWAP16/32"},
	{ARM64JGTIncludesEqual, "arm64-jgt-includes-equal", "jit/arm64", "jgt jumps where both are equal", "arm64 condition codes"},
	{ARM64CbzNarrow, "arm64-cbz-narrow", "jit/arm64", "64-bit jeq with 0 tests the lower half", "x86-32 711aef1bbf88"},
	{NumMeetIgnoresConflict, "num-meet-ignores-conflict", "verifier/num", "bits known to be 0 and known to be 1 meet as 1, not as a dead branch", "b9c0a5c48396"},
	{NumEmptyIsKept, "num-empty-is-kept", "verifier/num", "ranges and bits without a number in common are left as they are", "b9c0a5c48396"},
	{NumTnumAddDropsCarries, "num-tnum-add-drops-carries", "verifier/num", "the sum's bits are known where the operands' bits are, whatever is carried", "Vishwanathan et al., CGO 2022"},
	{NumMov32SignExtends, "num-mov32-sign-extends", "verifier/num", "mov32 is thought to sign-extend", "CVE-2017-16995"},
	{NumTruncateAcross, "num-truncate-across", "verifier/num", "truncation keeps the ends although the range crosses 2^32", "CVE-2017-16996"},
	{NumALU32Wide, "num-alu32-wide", "verifier/num", "32-bit operators work on 64 bits and cut the result", "CVE-2017-17852, CVE-2018-18445"},
	{NumRshArithmetic, "num-rsh-arithmetic", "verifier/num", "rsh keeps signs", "CVE-2017-17853"},
	{NumJmp32CutBounds, "num-jmp32-cut-bounds", "verifier/num", "a 32-bit comparison takes the lower halves of the 64-bit ends for 32-bit ends", "CVE-2020-8835"},
	{NumOr32CutBounds, "num-or32-cut-bounds", "verifier/num", "or32 takes the lower halves of the 64-bit ends for 32-bit ends", "CVE-2020-27194"},
	{NumBitwise32Stale, "num-bitwise32-stale", "verifier/num", "and, or, xor of constant subregisters keep the old 32-bit ranges", "CVE-2021-3490"},
	{NumSubFromUmin, "num-sub-from-umin", "verifier/num", "u32_min is umin if that fits, whether umax does or not", "CVE-2021-31440"},
	{NumAddOverflowMissed, "num-add-overflow-missed", "verifier/num", "sums that go round are not noticed", "bc895e8b2a64"},
	{NumDivByZeroForgotten, "num-div-by-zero-forgotten", "verifier/num", "a quotient by what may be 0 is not 0", "900dbb6db68b"},
	{NumModByZeroForgotten, "num-mod-by-zero-forgotten", "verifier/num", "a remainder by what may be 0 is below the divisor", "CVE-2021-3444"},
	{NumDiv32ZeroTest, "num-div32-zero-test", "verifier/num", "div32 and mod32 look at 64 bits to see whether the divisor may be 0", "CVE-2021-3600"},
	{NumSdivOverflow, "num-sdiv-overflow", "verifier/num", "MIN / -1 stays out of the quotients", "PREVAIL ae3a0ea6"},
	{NumSmodDivisorSign, "num-smod-divisor-sign", "verifier/num", "the remainder of smod has the divisor's sign", "900dbb6db68b"},
	{NumUnsetPossible, "num-unset-possible", "verifier/num", "not jumping by jset clears all bits that may be in the mask", "CVE-2025-39748"},
	{NumJSLEStrict, "num-jsle-strict", "verifier/num", "jsle is decided without the case that both are equal", "ee114dd64c00"},
	{NumJmp32DecidedWhole, "num-jmp32-decided-whole", "verifier/num", "a 32-bit comparison is decided by 64-bit ranges", "fd675184fc7a"},
	{NumJeq32SetsWhole, "num-jeq32-sets-whole", "verifier/num", "jeq32 makes the whole registers equal", "a12ca6277eca"},
	{NumMovsx32Wide, "num-movsx32-wide", "verifier/num", "movsx to 32 bits leaves the sign in the upper half", "PREVAIL df5641a3"},
	{NumSignedFromUnsigned, "num-signed-from-unsigned", "verifier/num", "a range that crosses the sign boundary is taken for a signed one", "PREVAIL 6025c9b9"},
	{NumSubsumesInverted, "num-subsumes-inverted", "verifier/num", "the known bits are compared the wrong way round", "PREVAIL 7c70a26b"},
	{NumJoinIgnoresValue, "num-join-ignores-value", "verifier/num", "joined bits that differ stay known", "PREVAIL fb6c0e31"},
	{NumLsh32CountWide, "num-lsh32-count-wide", "verifier/num", "32-bit shifts take six bits of the count", "uBPF 54be1df5"},
	{VerifierDeltaForgotten, "verifier-delta-forgotten", "verifier/state", "registers that differ by a constant are narrowed as if they were equal", "6e951a9b1af5"},
	{VerifierStackNotCompared, "verifier-stack-not-compared", "verifier/state", "states are alike whatever is on the stack", "CVE-2024-45020"},
	{VerifierLinksNotCompared, "verifier-links-not-compared", "verifier/state", "states are alike although equal registers of the old one are not equal in the new", "713274f1f2c8"},
	{VerifierScalarIsPointer, "verifier-scalar-is-pointer", "verifier/state", "an old number covers a new pointer", "CVE-2017-17855"},
	{VerifierNothingDemanded, "verifier-nothing-demanded", "verifier/state", "no number counts when states are compared", "CVE-2023-2163"},
	{VerifierRangeNotCompared, "verifier-range-not-compared", "verifier/state", "states are alike although less of the packet is known to be there", "CVE-2017-17855"},
	{VerifierSwapKeepsID, "verifier-swap-keeps-id", "verifier/transfer", "a byte swap leaves the register equal to its copies", "ea1989746b77"},
	{VerifierSubNotNegated, "verifier-sub-not-negated", "verifier/transfer", "subtracting a constant moves the difference between equal registers the wrong way", "6e951a9b1af5"},
	{VerifierNullMoves, "verifier-null-moves", "verifier/transfer", "an address that may be 0 may be moved", "CVE-2022-23222"},
	{VerifierNullDeref, "verifier-null-deref", "verifier/transfer", "an address that may be 0 may be used", "CVE-2022-23222"},
	{VerifierOffsetUnbounded, "verifier-offset-unbounded", "verifier/transfer", "an address may be moved by anything", "CVE-2017-17854"},
	{VerifierRangeKept, "verifier-range-kept", "verifier/transfer", "what is known to be of the packet stays known when the pointer moves by something unknown", "CVE-2017-16995 series"},
	{VerifierRangeOffByTwo, "verifier-range-off-by-two", "verifier/transfer", "a comparison with the packet's end shows two bytes too many", "2fa7d94afc1a"},
	{VerifierUnaligned, "verifier-unaligned", "verifier/transfer", "stack and atomics need not be aligned", "check_ptr_alignment"},
	{VerifierMaxNotChecked, "verifier-max-not-checked", "verifier/transfer", "only the lowest offset into a region is looked at", "CVE-2020-8835"},
	{VerifierBoundsOffByOne, "verifier-bounds-off-by-one", "verifier/transfer", "a region has one byte more", "PREVAIL 6f944ffd"},
	{VerifierStackOffByOne, "verifier-stack-off-by-one", "verifier/transfer", "a frame has eight bytes more", "CVE-2023-52676"},
	{VerifierStackEscapes, "verifier-stack-escapes", "verifier/transfer", "an address of the stack may be put into the caller's frame", "selftest spill to caller"},
	{VerifierStoreImm32, "verifier-store-imm32", "verifier/transfer", "a stored immediate is zero-extended", "811c363645b3"},
	{VerifierNarrowSpillKeepsID, "verifier-narrow-spill-keeps-id", "verifier/transfer", "a spilled lower half is equal to the whole register", "713274f1f2c8"},
	{VerifierNarrowFillKeepsID, "verifier-narrow-fill-keeps-id", "verifier/transfer", "a lower half that is filled is equal to the whole", "713274f1f2c8"},
	{VerifierSpillSurvives, "verifier-spill-survives", "verifier/transfer", "a store to one of several places leaves spilled registers as they were", "PREVAIL b8dd9261"},
	{VerifierContextWritable, "verifier-context-writable", "verifier/transfer", "fields of the context that may only be read may be written", "CVE-2025-38591"},
	{VerifierPacketWritable, "verifier-packet-writable", "verifier/transfer", "every program type may write into packets", "may_access_direct_pkt_data"},
	{VerifierOneSideDemanded, "verifier-one-side-demanded", "verifier/transfer", "a comparison of two registers depends on the first alone", "CVE-2023-2163"},
	{VerifierArgsSurvive, "verifier-args-survive", "verifier/transfer", "r1 to r5 can be read after a call", "PREVAIL dfd26a57"},
	{VerifierLeaks, "verifier-leaks", "verifier/transfer", "references need not be given back", "check_reference_leak"},
	{VerifierCallbackReturn, "verifier-callback-return", "verifier/transfer", "a callback may return anything", "check_callback_return"},
	{VerifierHelperKeepsR1, "verifier-helper-keeps-r1", "verifier/transfer", "r1 can be read after a helper", "PREVAIL dfd26a57"},
	{VerifierReleasedStays, "verifier-released-stays", "verifier/transfer", "a record may be used after it was submitted", "CVE-2021-4204"},
	{VerifierReleaseMoved, "verifier-release-moved", "verifier/transfer", "a record may be submitted by an address inside it", "CVE-2021-4204"},
	{VerifierKeyAlwaysThere, "verifier-key-always-there", "verifier/transfer", "a lookup by a constant key never fails", "CVE-2022-2905"},
	{VerifierHelperWritesReadOnly, "verifier-helper-writes-read-only", "verifier/transfer", "a helper may change a map that programs may only read", "CVE-2024-49861"},
	{VerifierDepthNotSummed, "verifier-depth-not-summed", "verifier", "frames are not added up along calls", "CVE-2024-45020 series"},
	{VerifierMixedBases, "verifier-mixed-bases", "verifier/transfer", "one instruction may access the context on one path and other memory on another", "save_aux_ptr_type"},
	{VerifierRoundsNotCompared, "verifier-rounds-not-compared", "verifier/state", "a state with all rounds of bpf_loop behind it covers one that has some left", "callback_depth in func_states_equal"},
	{VerifierPointerLeaks, "verifier-pointer-leaks", "verifier/transfer", "without CAP_PERFMON, addresses may be stored, returned and passed to helpers", "CVE-2021-45402"},
	{VerifierUnwrittenStack, "verifier-unwritten-stack", "verifier/transfer", "without CAP_PERFMON, stack may be read that was not written", "allow_uninit_stack"},
	{VerifierLicenceIgnored, "verifier-licence-ignored", "verifier/transfer", "any licence is good enough for helpers that want the GPL", "check_helper_call"},
	{VerifierLockNotCompared, "verifier-lock-not-compared", "verifier/state", "states are alike whether a lock is held or not", "refsafe"},
	{VerifierSliceOutlives, "verifier-slice-outlives", "verifier/state", "what a dynptr gave of its memory may be used when the dynptr is gone", "destroy_if_dynptr_stack_slot"},
	{VerifierFieldTouched, "verifier-field-touched", "verifier/transfer", "locks and timers in a map may be loaded and stored", "check_map_access"},
	{VerifierOtherLock, "verifier-other-lock", "verifier/transfer", "any lock may be given back for the one that was taken", "process_spin_lock"},
	{VerifierCastOutlives, "verifier-cast-outlives", "verifier/transfer", "what a socket was cast to may be used when the socket was given back", "is_ptr_cast_function"},
	{VerifierCastNullReleases, "verifier-cast-null-releases", "verifier/transfer", "a cast that gives 0 ends the reference", "mark_ptr_or_null_regs"},
	{VerifierDynptrForged, "verifier-dynptr-forged", "verifier/transfer", "a dynptr may be stored over and is a dynptr still", "destroy_if_dynptr_stack_slot"},
	{VerifierDynptrRead, "verifier-dynptr-read", "verifier/transfer", "the bytes of a dynptr may be loaded", "check_stack_read_fixed_off"},
	{VerifierKeyWritable, "verifier-key-writable", "verifier/transfer", "a callback may write to the key that it is shown", "check_mem_access"},
	{VerifierPacketPassed, "verifier-packet-passed", "verifier/transfer", "every helper takes a part of the packet as memory", "may_access_direct_pkt_data"},
	{VerifierLaterReturn, "verifier-later-return", "verifier/transfer", "a timer's callback may return anything", "check_return_code"},
	{VerifierSockWhole, "verifier-sock-whole", "verifier/transfer", "every socket is a full one", "bpf_sock_common_is_valid_access"},
}
