// Package claims holds what the verifier claims of a program against what it does.
//
// The verifier says of every register and every stack slot what it may hold. A run on the
// reference VM says what they did hold:
//
//	insn 3, claimed    r1 = [0, 63]      r2 = fp[0]-8
//	insn 3, in a run   r1 = 64           r2 = 0x100001f8       r1 lies in no claim: broken
//
// # Three questions
//
//   - [Held]: with verifier.Options.Exact each state that the verifier lets go is covered,
//     in all that may still be read, by one that it has held. So the live registers at each
//     step of each run, and the slot that a load reads, lie in one state held at that
//     instruction. The numbers that are said to be equal are equal.
//   - [Followed]: as the verifier works by default, numbers on which nothing depends do not
//     count, and states of other paths say nothing of this one. So the run is followed along
//     its own path, from branch to branch, until the verifier ends the path: there every
//     register that was written and every slot must be as claimed, live or not. A way that
//     the run takes and the verifier does not is a broken claim too.
//   - An accepted program does not fault. (Loads that read 0 where others fault, through
//     BTF pointers, never do.)
//
// [Followed] knows of the verifier only the order of events: a state in front of an
// instruction, by which jump it came there, the end of a path. A kernel's log at level 2
// tells the same.
//
// # As an implementation among others
//
// [Target] is the reference VM with all of these: a broken claim is an outcome of kind
// [vm.Broken]. So `lockstep fuzz --targets refvm,claims` hunts for them, and reduces what it
// finds.
package claims
