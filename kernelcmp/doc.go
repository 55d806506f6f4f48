// Package kernelcmp makes a Linux kernel, the host's or a guest's, one more vm.Target: its verifier
// says whether a case is taken, its JIT or interpreter runs it, and what is left is
// an Outcome like any other's.
//
//	func main() {
//		kernelcmp.ExecutorMain() // first thing: this binary is its own executor
//		…
//		k, err := kernelcmp.Open(kernelcmp.Options{Journal: "out/journal"})
//		outcomes := k.RunBatch(cases)
//
// # From a case to a load
//
// The maps are created and keep their flags. Every LDDW of a map is given the map's
// descriptor in place of its number, every value of a prog_array that of a program.
// Functions get a type in BTF, because the verifier wants one of each if there are
// callbacks; it is the same for all, static int f(void). Syscall programs are loaded
// sleepable, the only way they are. Bytes are not otherwise judged: what is
// malformed is for the verifier to refuse. A refusal is LoadRejected, and its Reason
// begins with the error's name and the log's last line that says why. A load asks for
// messages only, which is cheap; what is refused is loaded once more for a log with
// the registers' states, unless the verifier took long.
//
// # 64 bits of a result
//
// A test run returns the lower half of r0. So each exit of a main function, of
// programs reached by tail call too, becomes a jump to an epilogue behind the
// function, which stores r0 in an array that this package reads:
//
//	exit   →   goto +n   …   r1 = &result ll; *(u64 *)(r1 + 0) = r0; exit
//
// r1 is dead there, and an exit needs r0 to be readable just as a store does, so the
// verdict is that of the program as written; but paths meet at the epilogue, and the
// verifier may then get by with fewer states. [Target.Verify] loads programs without
// it. The lower half of the stored value must be what the kernel returned, or the
// outcome is a Crash that says so. Programs that cannot be changed so (malformed ones that
// the kernel takes all the same, or a main function that is also a callback) show 32
// bits: [Target.Observables] says which.
//
// # From an input to a test run
//
//	type            what BPF_PROG_TEST_RUN gets       the program sees      sizes (bytes)
//	socket_filter   14-byte MAC header + packet, ctx  packet                packet 1 to 3,698
//	cgroup_skb/…    the same                          packet, read only     packet 1 to 3,698
//	lwt_in/out/xmit the same                          packet                packet 1 to 3,698
//	sched_cls, _act packet, ctx                       packet                packet 14 to 3,712
//	flow_dissector  packet                            packet, keys          packet 15 to 4,096
//	sk_lookup       ctx                               ctx, read only        context up to 64 of 72
//	xdp             packet                            packet                packet 14 to 3,520
//	raw_tracepoint  ctx                               ctx, read only        context 0 to 96
//	syscall         ctx, copied back                  ctx                   context 0 to 65,535
//	mem             nothing of use                    r1, r2 = memory, len  all inputs the same
//	sk_skb/…        there is none: see Messages       packet                packet 1 to 8,192
//
// What a cgroup_skb program returns has a range, 0 to 1 at ingress and 0 to 3 at egress,
// in all 64 bits of r0; a program that may return more is rejected, where our engines run
// it. Up to Linux 6.12 a test run shows such a program no packet, and a case that reads it
// is LoadUnsupported. A raw_tracepoint's context must have every argument that the program reads.
//
// What a flow dissector leaves in struct bpf_flow_keys is the outcome's memory. Where helpers
// may change a packet's length, test run gets more room for what comes back, and of XDP the
// metadata in front of the packet is left out.
//
// Type mem is no type of the kernel's. Such a program is loaded as a socket filter
// with a prologue: r1 = address of a map's value that is as long as the memory, r2 =
// its length. The verifier so knows the bounds exactly. Its log counts three slots
// more.
//
// A packet that says IPv4 or IPv6 must have room for that header. What the kernel
// cannot be given is LoadUnsupported, never a wrong outcome. One such input makes the
// whole case unsupported, for those after it would meet other contents of maps.
//
// # Messages
//
// Programs of type sk_skb judge what arrives at a socket, and no test run has them. So a
// case gets sockets of its own: pairs of AF_UNIX datagram sockets, of which nothing
// leaves the machine. An input is sent to one that the program is attached to (a
// sockmap that the case does not see); the program has run when the send returns. Socket n
// in a sockmap or sockhash of the case is one end of another pair:
//
//	verdict                       the message arrives at         event
//	SK_PASS                       the socket it was sent to      message socket=0 flags=0
//	redirected to n               n's peer: n has sent it        message socket=n flags=0
//	redirected with BPF_F_INGRESS n                              message socket=n flags=1
//	any other                     nowhere                        none
//
// All of them are looked at after each input. [vm.ObsRecords] compares what arrived,
// with every byte that the program changed on the way; the packet itself is not seen. Maps of
// sockets must have values of 8 bytes, for user space sees nothing of others. AF_UNIX
// sockets go into such maps since Linux 5.15; before, the case is LoadUnsupported.
//
// # Contexts
//
// Of struct __sk_buff an input may set mark, priority, ingress_ifindex, ifindex (of
// a device that exists), cb, tstamp, gso_segs, gso_size and hwtstamp; protocol too,
// if it is a number from 0x600 and, for sched_cls, the packet says the same. After a
// run mark, priority, cb and tstamp are known; the other bytes of the outcome's
// context are marked undefined.
//
// In some fields the kernel has something of its own, and a program that reads one
// cannot be compared:
//
//	all with an skb sk (a socket of test run's)
//	socket_filter  ifindex (1, unless given), protocol (unless given)
//	lwt_…          the same, data, data_end
//	sched_cls      the same, wire_len (the packet's length), pkt_type (from the packet's first 6
//	               bytes; 0 if they are all zero), data, data_end, data_meta (addresses)
//	cgroup_skb     ifindex, protocol (unless given), data, data_end
//	sk_skb         cb (whatever the sender's protocol keeps there), data, data_end
//	xdp            ingress_ifindex (1: give 1), data, data_end, data_meta
//
// Nothing of a message's context can be set or is known afterwards.
//
// Clock, random numbers and CPU id are the kernel's, and fuel is unknown to it.
//
// # What a kernel has not
//
// A refusal is a verdict only if the kernel could have known better. So a case that is
// refused is looked through for what kernels differ in: instructions, types of programs
// and maps, helpers, what only a JIT can do. Each is asked for once, by a program that
// loads exactly where the feature is ([Target.Features]); if one is missing, the
// case is unsupported, and says which.
//
// # Questions
//
// [Target.TryLoads] loads programs of any type, with maps of any type, as they are, and drops them: it
// asks the verifier and compares nothing. The tables of package verifier/release are made of such answers.
//
// # Whole states
//
// [StateCase] turns a body of instructions into a syscall program that starts from a
// given state, all registers and some stack, and gives back the state in which the body
// ends. [Target.Verify] also gives the rewritten instructions, the native code where the
// kernel shows it, and the number of instructions that the verifier looked at.
//
// # The executor
//
// No test run happens in the caller's process. An executor takes batches of jobs over a
// [Link] and gives answers in order; if it dies, the case it was at is a Crash, and the
// others go to a new one; if it is silent for too long, a Hang. On the host it is a
// child, the same binary started again, which keeps of root's capabilities the three
// that it needs, and CAP_SYSLOG, without which no kernel shows native code. In a guest
// it is the first process and reached by a serial line or by files: see
// [github.com/lockstep-ebpf/lockstep/kernelcmp/guest]. It runs without Go's preemption
// signals, for they make the verifier give up with EAGAIN.
//
// A kernel may take the machine with it. So cases are written to the journal, at
// most 256 at once, and are on disk before the first of them is loaded. The last
// four batches stay, since damage may show late; after a reboot [ReadJournal]
// has them, and so it has after an executor died or hung. Pointer-heavy and hostile
// programs belong into guests nevertheless.
package kernelcmp
