// Package transfer says what an instruction makes of a state, and what it asks of it.
//
//	           ┌─ fails an obligation ──▶ Failure{rule, register, have, need}
//	State ── Step
//	           ├─▶ the state after it, changed in place
//	           └─▶ and, where both ways of a branch are open, a second one
//
// The rules are Linux's (kernel/bpf/verifier.c, 6.18), and the first line of a [Failure]'s
// text is the line that the kernel's log has for it. The meaning of instructions is stated
// here a second time, on purpose: nothing is taken from package spec but the decoding.
//
// # Files
//
//	step.go     dispatch                     access.go   loads and stores by region
//	alu.go      arithmetic on numbers        stack.go    what the stack holds
//	pointer.go  arithmetic on pointers       context.go  fields of the context
//	branch.go   conditional jumps            atomic.go   atomics
//	null.go     null checks                  call.go     functions, callbacks, exit
//	packet.go   comparing packet pointers    helper.go   arguments of helpers, results
//	socket.go   sockets, and what is cast    lock.go     spin locks, timers, their fields
//	dynptr.go   dynptrs on the stack         callback.go functions that helpers call, now or later
//	object.go   which argument is which
//
// # Numbers that decide
//
// Wherever a number decides something (a branch with one way open, an address, a size), its
// [state.Node] is demanded; see there. To forget that is the way to accept what is unsafe.
package transfer
