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
// state that an older one covers has come to its end: what follows has been looked at. In
// a loop that is not followed to its end yet it has so for the time being (trust.go).
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
// # Types
//
// Some programs get pointers into the kernel's own structures: of tracepoints (tp_btf), functions
// (fentry, fexit, fmod_ret), iterators, LSM hooks and struct_ops. What a load through such a
// pointer gives is for the kernel's types to say, and so do the parameters of kernel functions.
// [Options.Kernel] is those types (package [btf]), [Options.Programs] what an object says of its
// programs: where they attach, and the prototypes of functions. A global function is verified
// by itself, by its prototype, and calls of it are held against that.
//
// Beyond this package are, as of now: extensions (freplace), kernel functions that
// [release.Release.Kfunc] does not know and those of modules, stores of struct_ops programs to
// the kernel's objects, objects of the program's own, lists and trees of them,
// arenas, exceptions. They are Unsupported.
//
// # Where a verdict is not Linux 6.18's
//
// Of programs that were broken at random, 99.9% get the kernel's verdict when 6.18 is
// mirrored ([Options.Release]). The others fall into these classes; none does harm.
//
//	only we accept
//	1  dead code        a branch is decided by a number of which Linux knows less, and
//	                    Linux goes on where no run comes: to a register that nobody wrote,
//	                    a field that is not there. By the default rules 0.5% of programs
//	2  narrow fills     part of a spilled number, or with its sign, keeps bounds that Linux
//	                    drops, so an address moved by it is within bounds
//	3  fewer states     Linux looks at a million instructions and gives up, where numbers on
//	                    which nothing depends keep its states apart
//	4  widened rounds   Linux forgets what a callback changes, where it is still known here
//
//	only Linux accepts
//	5  wrapping links   w2 = w1, w2 += 3: if w1 is narrowed so is w2, though the sum may go
//	                    round; here only if it cannot
//	6  mistakes         the default rules refuse what may do harm; a mirrored release has
//	                    [release.Unsafe]
//
//	neither can be compared
//	7  silent errors    a load from a frozen array of several elements ends a load of Linux
//	                    with ENOTSUPP and without a word; it is refused here with one
//	8  beyond           what this package calls unsupported
//
// # Not a word from the table
//
// What instructions mean is stated here by hand; package spec gives decoding and constants
// only. So what the reference VM does can be held against what was claimed here:
// [Options.Observe] shows each state at each instruction, and with [Options.Exact] every
// value of every run must lie in one of them. Package fuzz/claims does that, and package
// [witness] looks for a run that shows that a refused program is as bad as was said.
package verifier
