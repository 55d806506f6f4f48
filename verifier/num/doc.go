// Package num is what a verifier can know of a number in a register, and how each
// instruction changes that. It is pure: values in, values out, nothing allocated.
//
// # Five views of one number
//
// A [Scalar] stands for a set of numbers, those that a register may hold at some place
// of a program. It is no list but five facts, and a number is a member if all allow
// it:
//
//	register     63 ────────────── 32 31 ──────────────── 0
//	Bits   Tnum   0 0 0 … 0 ? ? ? ? ? ? ? … ? ? ? ? ? 1 0 0    bit by bit: 0, 1 or unknown
//	U      Unsigned  ├────────────────────────────────────┤    from … to …, unsigned
//	S      Signed    ├────────────────────────────────────┤    the same, as two's complement
//	U32    Unsigned                   ├───────────────────┤    the lower half, as programs
//	S32    Signed                     ├───────────────────┤    compare it in class JMP32
//
// None follows from the others. After "r1 &= 0x3c" the bits know best: a multiple of 4;
// a range knows only 0 to 60. After "if r1 > 1000" the range knows best: bits cannot
// say 1000. After "if r1 s< 0 goto" only the signed range can say −5 to 7, which are
// two ends of the unsigned line:
//
//	        0       7                                −5   −1
//	U       ├───────┤································├────┤
//	S  ├────┼───────┤
//	  −5    0       7
//
// And a 32-bit comparison says nothing of the upper half. A real set is often no
// rectangle of such facts; then the scalar holds more numbers than can occur. That is
// safe (sound), and how many more is the domain's precision.
//
// # The normal form
//
// Facts imply each other: if U is [0, 9], all bits above the fourth are 0, and S is [0, 9]
// as well. Linux passes facts between its views with a list of rules, run several
// times, and what the list misses is missed. Here [Width.Normalise] computes, in one
// pass, the best five facts for the set that the given ones describe; normalise.go
// has the construction. So for scalars that are normal, as all are that this package
// returns:
//
//   - each end of each range is reached by a member, each unknown bit takes both values;
//   - two with the same members are the same value, and == compares them;
//   - one has all members of the other exactly if each of its facts subsumes the
//     other's: [Scalar.Subsumes] is five comparisons;
//   - [Scalar.Join] is the least upper bound, fact by fact, and [Width.Meet] the exact
//     intersection.
//
// Facts that contradict each other describe the empty set, [Bottom]: control does not
// come here. A branch that makes its operand Bottom is dead; that is an ordinary
// answer and no error.
//
// # Operators
//
//	Scalar ─▶ word, of n bits ─▶ bits: the operator on tnums ─────────────┐
//	          (the register, n = 64;                                      ├─▶ Normalise
//	           the subregister, n = 32) ─▶ segments ─▶ the operator on ───┘
//	                                       each pair ─▶ hull
//
// An operator works on a word: one width's worth of facts. Its two ranges together
// allow at most two [segments] of the number line, one without and one with the sign
// bit; within a segment, signed and unsigned order agree. So each operator says what
// two segments make, wrapping round where sums do, and never asks about signs twice.
// The hull of what came out is the result's ranges, and Normalise joins them with the
// bits.
//
// 64-bit operators of which the lower half depends on lower halves alone (add, sub,
// mul, and, or, xor, and lsh) run on both words. 32-bit ones run on the lower word and
// clear the upper half (RFC 9669 section 4.1). Powers of two become shifts and masks,
// identities return their operand, constants are folded.
//
// # Conditions
//
// [Width.Refine] is the state where a branch is taken, and with [Cond.Not] the one where
// it is not; [Width.Decide] says whether one of them is dead. Both operands may be
// narrowed. That two registers hold the same number is not known here: who compares
// a register with itself, or with its copy, has to see to that.
//
// # Width
//
// The machine's width is a parameter, [Width], and the code that runs at (64, 32) is the
// code that the tests run on the values of machines of 3 to 6 bits, against a concrete
// evaluator and the best abstraction, found by listing. Byte swaps shrink in
// proportion: a byte is Reg/8 bits, but at least one.
//
// `go test ./verifier/num -run Precision -v` prints how far each operator is from the
// best abstraction in this domain, at (4,2). It is exact for equality and order, for
// neg, mov and extensions, for adding and subtracting constants and for shifting to the
// right by them. Ranges alone are treated exactly by all operators but mul, mod and
// smod. A swap sees bits alone, and a product that may wrap round more than once is
// seen by its bits alone.
package num
