// Package jit compiles programs to native code, without cgo, for Linux on amd64 and
// arm64. Elsewhere [Engine.Supports] says so, and callers take fastvm.
//
//	[]spec.Insn ──▶ plan ──▶ lowering ──▶ exec.Code ◀──▶ driver
//	               (plan/)   (amd64/,     (exec/)   (run.go, call.go, step.go)
//	                          arm64/)
//
// # Who does what
//
// Package plan finds basic blocks and what they charge. A lowering turns a plan
// into machine code in one pass; jumps forward are patched at the end. Package exec
// puts the code where it can run. The driver alternates between native code and Go.
// Package abi is what they agree on.
//
// A lowering is one type with one method, Compile(*plan.Plan) plan.Code, chosen in
// arch_GOARCH.go with the way into native code. It may leave any instruction to
// the driver; what it does itself it states by hand, from RFC 9669, never by the
// trees of package spec.
//
// # Exit and resume
//
// Native code never calls Go. Where it can not go on it puts the guest's registers
// into [abi.State], with a reason and the slot of the instruction, and returns. The
// driver does what is to be done (a helper, a call too deep, an access that did not
// pass the quick check) and enters again at a slot. So Go never sees a stack with
// native code in it: garbage collection, stack growth, panics and profiles need no
// special care. A round trip costs about as much as a call of Go from native code
// would.
//
// Native code must not fault, because a fault outside Go's text is fatal. Every
// address is masked to the guest memory window, or looked up in the window's shadow
// first; divisions ask for 0 and for MIN / -1, where the processor would trap.
//
// # Registers on amd64
//
//	r0   rax   result; dividends, cmpxchg     rsp  a frame of its own: see slots in amd64/compile.go
//	r1   rdi                                  rbp  r10 as a host pointer: window + r10
//	r2   rsi                                  r10, r11  scratch
//	r3   rdx   remainders                     r12  host address of guest byte 0
//	r4   rcx   shift counts without BMI2      r9   trusted: fuel; checked: host address of the shadow
//	r5   r8
//	r6   rbx                                  In checked mode fuel, and eight bytes of "read and write"
//	r7   r13                                  to compare shadow bytes with, have the registers of guest
//	r8   r14                                  registers that the program does not name. Where there are
//	r9   r15                                  none, fuel is in its frame and the bytes are immediates.
//
// The driver sees registers only in State.Regs, so each program can have its own
// assignment, and loads and stores what it names. It enters native code as it would call
// a Go closure, with the abi.State for the closure's variables. Native code gives back
// rbp, and r14, where Go has g, and leaves xmm15 alone.
//
// # Registers on arm64
//
//	r0 to r9   x0 to x9               x19   the abi.State
//	r10        x10, as the guest      x20   host address of guest byte 0
//	           sees it                x21   checked: host address of the shadow
//	scratch    x11 to x14             x22   fuel
//	x16, x17   jumps over more than   x23   the frame's lowest byte as a host pointer
//	           128 MiB                x24   State.Frame, and x25 State.Limit
//	                                  x26   where a routine of the lowering returns to
//
// There are enough, so nothing is in memory and no program has an assignment of its
// own. Native code names no other register: x18 is the platform's, x28 is Go's g, which
// Go's signal handlers rely on, and the frame pointer, the link register and the stack
// pointer stay as the entry stub left them.
//
// # Memory
//
// Trusted: window + (u32)reg + off. The displacement is added after masking and may
// reach into the window's guards.
//
// Checked: the same address in the shadow has to hold "read and write" for each of the
// bytes, in one comparison. It fails for a bad access, but also for good ones that are
// rare: bytes that may be written only, an address that is below 4 GiB only after off
// is added. (A load looks a second time, out of line, whether the bytes may be read at
// least: contexts are read-only.) All these leave for the driver, which knows the
// rules: no rule is stated twice. Bytes of the own frame, at a constant distance from
// r10, need no look.
//
// On arm64 the masking is in the addressing mode: [x20, w1, uxtw]. With off it takes
// an instruction more, add x11, x20, w1, uxtw and [x11, #off]. Checked, all 64 bits of
// r1 + off are made, as the reference VM makes them, and one branch takes both
// objections: the shadow bytes are compared by an exclusive or, and the address's
// upper half is joined to what is left of it.
//
// # Atomics
//
// On amd64 they are the locked instructions; load-acquire and store-release are plain
// moves. On arm64 they have the order that Linux's JIT gives them: what fetches is
// fully ordered, what does not is not ordered at all, and load-acquire and
// store-release are ldar and stlr. Where the processor has FEAT_LSE each is one
// instruction, such as ldaddal; else it is a loop of ldxr and stlxr, and a dmb ish
// after it. Misaligned addresses leave for the driver, which faults.
//
// # Constants
//
// Where Engine.Blind is set the constants of a program are not in its code, for a
// program could hide machine code in them. Each instruction becomes its form with a
// register; before it the constant is made from a random number and another. That is
// done in plan.BySrc and, for what has no such form, in the lowerings.
//
// # Fuel
//
// A block charges all its instructions at its head, and leaves if less is left. When
// control leaves in the middle the driver gives the rest back, so that steps are
// exact at every exit. If less fuel is left than a block charges the program is
// compiled a second time, in single mode, where every instruction is a block: the run
// ends at the same instruction as in the reference VM. In fast mode only loop heads
// and entries of functions charge. There, in trusted mode, small loops of one block stand
// in the code four times in a row: the head charges four rounds, and where the loop is
// left before the last the rest is given back, out of line.
//
// Native code cannot be preempted. It gets 32768 instructions of fuel at a time, or a
// block if that is longer, and each slice is entered through an ordinary Go function, where the
// goroutine can be stopped. So is what is left of it after each helper.
//
// # Calls
//
// A call in native code writes a record (where to return to, r6 to r9) and moves rbp
// by a frame. The first call into each frame of a run leaves for the driver, which
// tells the machine that the frame is in use. Callbacks and tail calls are the
// driver's; it clears a record's return address where a return must not stay in native
// code.
//
// In checked mode a frame has to be accessible while its function runs, and not a
// moment longer. But who looks? Not the function itself, unless it makes pointers out of
// r10. So the frames of functions that make none stay shut. If somebody looks at one
// all the same, the look fails, the driver opens all frames that are in use, and looks
// again; a record says whether its frame has to be shut at the return.
package jit
