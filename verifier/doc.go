// Package verifier decides, as Linux's verifier does, whether a program is safe and ends.
//
//	res := verifier.Verify(c, verifier.Options{})
//	if res.Verdict != verifier.Accepted {
//		fmt.Println(res.Failure) // insn 4: R0 invalid mem access 'map_value_or_null'
//	}
//
// # How it decides
//
// It follows every path that the program may take, with a description of what registers
// and stack may hold instead of values (packages [num] and [state]), and asks at each
// instruction what has to hold there (package [transfer]):
//
//	                         r1 = context
//	0  r0 = *(u32 *)(r1+0)   r0 = [0, 2^32)
//	1  if r0 > 7 goto 4      ── two paths ──┐
//	2  r0 <<= 3              r0 = [0, 56]   │
//	3  …                                    │ r0 = [8, 2^32)
//	4  exit                            ◀────┘
//
// Where paths meet (package [cfg]) a state is put aside, and a path that comes there with a
// state that an older one covers has come to its end: what follows has been looked at.
// Loops are walked, round by round; bpf_loop and may_goto, which have no bound that one
// could walk to, are widened until a round brings nothing new. A path that comes back to
// just the same state would never end.
//
// The order is the kernel's, depth first with the jump kept for later, so that the first
// failure is the kernel's too, and so are the limits: 1,000,000 instructions looked at,
// 8,192 branches kept for later, 512 bytes of stack over 8 frames.
//
// # Five ways to say no
//
// They are never mixed. Unsafe: a rule is broken. TooComplex: a limit was reached.
// BadObject: it is no program, or names what is not there. Unsupported: nothing is known,
// for something in the program is beyond this package, and the text says what. Denied:
// the caller lacks a capability, and the text says which.
//
// # Whose judgement
//
// Without a release the rules are the safest and the sharpest that are known here. With
// [Options.Release] they are that release's, as far as it was asked ([release.Switches]): it
// may know less of numbers, lack instructions, and make mistakes. A case that it accepts by
// mistake is accepted, and [Result.KernelUnsound] says what would go wrong.
//
// [Options.Lacks] are capabilities that the caller does not have. Without CAP_PERFMON no
// address may leak, no stack be read that was not written, and arithmetic on addresses must
// be such that Linux can mask it against Spectre; without CAP_BPF there are no loops, no
// functions, fewer helpers, and two types of programs. Two things are not as in Linux there.
// The paths that only speculation takes are not followed: they cost Linux instructions
// that count against its limits, and bring it round loops in which nothing changes. And
// Linux compares all numbers of the unprivileged when it prunes, so that it gives up
// earlier than is done here.
//
// Beyond this package are, as of now: programs whose context BTF describes (tracing, LSM,
// struct_ops, extensions), kernel functions and variables, pointers that BTF describes and so
// what helpers take and give of them, loads from maps themselves, arenas, global functions.
//
// # Not a word from the table
//
// What instructions mean is stated here by hand; package spec gives decoding and constants
// only. So what the reference VM does can be held against what was claimed here:
// [Options.Observe] shows each state at each instruction, and with [Options.Exact] every
// value of every run must lie in one of them.
package verifier
