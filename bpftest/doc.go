// Package bpftest tests the programs of BPF objects in ordinary Go tests: without root,
// without a kernel, on any system that Go runs on.
//
//	func TestFirewall(t *testing.T) {
//		o := bpftest.Load(t, "firewall.o")
//		o.Map("rules").Put(flow{Source: evil}, rule{})
//		o.Run("firewall", bpftest.Packet(frame)).Returns(xdpDrop)
//		o.Map("rules").Wants(flow{Source: evil}, rule{Packets: 1, Bytes: 46})
//	}
//
// # What runs
//
// The object is what the compiler wrote and the kernel would load (package host/object
// reads it). Its programs run in the reference VM, and each access is checked: a program that
// reads beyond its packet fails the test with the instruction and the address. Whether a
// kernel's verifier would take the program is another question; lockstep verify answers it.
//
// All programs of an object share its maps, as they do when a loader loads it. Maps and
// global variables keep what a run left in them until the test ends.
//
// # What a program gets
//
//	type                    input
//	xdp, tc, socket, ...    Packet, and Field or Context for the rest of the context
//	kprobe, uprobe          Args: the function's arguments; Return: its result
//	raw_tp, tp_btf, fentry  Args, 8 bytes each
//	tracepoint              Record: the event as tracefs describes its format
//	cgroup/..., sockops     Field, by the names of the UAPI's structures
//	syscall                 Context
//
// Text and bytes among Args lie in memory that the program finds behind the pointer.
//
// # The system around it
//
// [Object.Env] says which process runs, which sockets, routes and devices there are, and what
// the clock shows. What helpers put out, from ring buffers to redirects, is in the [Result].
// A helper can be replaced ([Mock]), also one that is not simulated.
//
// # When a test fails
//
// The message has the last instructions of the run, each with the registers that it changed,
// and what the program printed.
package bpftest
