// Package render says what the verifier found: in the kernel's words, in ours, to programs,
// and as a page.
//
//	                       ┌─ Log       what Linux 6.18 writes into the log
//	verifier.Verify ─Trace─┼─ Profile   where the work goes
//	   │                   └─ Browser   a page: the states of every instruction
//	Result ── Explain ──┬── Write       for people, coloured or not
//	                    └── NewReport ── JSON, ToSARIF
//
// The verifier itself makes no text but the first lines of a failure. It tells its
// [verifier.Trace] what happens, and who listens makes of it what he wants; nobody pays who
// does not listen.
//
// # The log
//
// [Log] writes the log of Linux 6.18 line by line: instructions as the kernel disassembles
// them, behind each the registers and stack slots that it touched, lines of source, states
// where a path is taken up. Level 1 is the path to what is wrong, level 2 every path. What
// is known of numbers may be more than the kernel knows, unless a release is named
// ([verifier.Options.Release]), and then it is mostly the same. The kernel's notes on its own
// work are left out. testdata/logs has logs that a kernel has written.
//
// # The explanation
//
// A verifier says what it lacks where it lacks it; the mistake is elsewhere. So [Explain]
// follows the program once more, keeps what each instruction of the path changed, and goes
// back from the register that failed: to the instruction that wrote it, to the register that
// this one copied, through spills, calls and returns, up to where the value was made. One of
// these events is to blame: a call that may have moved the packet, a guard that was too weak,
// a result that nobody compared with 0.
//
//	register failed      to blame is
//	unwritten            the call that left it undefined
//	a number             where the address became one
//	may be 0             what made it
//	moved too far        of the number that moved it: where it grew without bounds, else the last guard
//	any other            the last instruction that made the value
//
// # JSON
//
// [Report] is the object of `lockstep verify --json` and of op verify in package
// conform/plugin. "schema" is [Schema]; fields may be added to a schema, and are never taken
// away or changed. "rule" is stable: one of them means the same for good. "message" is the
// kernel's and is not stable.
//
//	{"schema":1,"verdict":"unsafe","rule":"not-memory",
//	 "message":"R0 invalid mem access 'map_value_or_null'","prog":0,"program":"missing",
//	 "insn":7,"text":"r1 = *(u64 *)(r0 + 0)","source":{"file":"./unsafe.c","line":40,…},
//	 "register":"r0","have":"map_value_or_null(map 0)","need":"a null check",
//	 "processed":7,"states":0,"registers":{"r0":"…",…},"stack":{"-8":"…"},
//	 "path":[{"insn","to","text","source"}…],
//	 "story":[{"insn":6,"text":"call bpf_map_lookup_elem#1","place":"r0","value":"…","what":"…","lost":true}…]}
//
// [ToSARIF] makes a SARIF 2.1.0 log for code scanning: the rule is "lockstep/" and the
// report's, the place is the line of source if the object has line_info (-g) and else the
// file that was verified, with the instruction as a logical location, and the path is a code flow.
//
// # The page
//
// [Browser] makes one HTML file that loads nothing: source and instructions, for each of them
// the states in front of it, the path to the failure, and what became of the register. It is
// used by keys or a pointer. A page has 20,000 states at most, of each instruction the
// first ones and the last, and says what is left out.
package render
