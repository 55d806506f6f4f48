// Package hook describes program types: what r1 points to when a program starts,
// which bytes of it a program may read and write, and how it finds the packet.
//
//	type                                            r1                         packet
//	mem                                             the input memory           none; r2 = length of the memory
//	socket_filter                                   struct __sk_buff           by LD_ABS and LD_IND
//	sched_cls, sched_act                            struct __sk_buff           data to data_end
//	cgroup_skb/ingress, cgroup_skb/egress           struct __sk_buff           data to data_end, to read; no MAC header
//	lwt_in, lwt_out, lwt_xmit, lwt_seg6local        struct __sk_buff           the same; lwt_xmit writes
//	sk_skb/stream_parser, …/stream_verdict, …/verdict   struct __sk_buff       data to data_end: a message
//	flow_dissector                                  struct __sk_buff           data to data_end, to read; flow_keys to fill in
//	xdp, xdp/devmap                                 struct xdp_md              data to data_end
//	sk_msg                                          struct sk_msg_md           data to data_end: a message
//	sk_reuseport                                    struct sk_reuseport_md     data to data_end, to read
//	sk_lookup                                       struct bpf_sk_lookup       none
//	sock_ops                                        struct bpf_sock_ops        skb_data to skb_data_end, to read
//	cgroup_sock/…                                   struct bpf_sock            none
//	cgroup_sock_addr/…                              struct bpf_sock_addr       none
//	cgroup_sockopt/get, cgroup_sockopt/set          struct bpf_sockopt         optval to optval_end: the option's value
//	cgroup_sysctl, cgroup_device                    struct bpf_sysctl, …       none
//	kprobe (uprobes and their ends, too)            struct pt_regs             none
//	perf_event                                      struct bpf_perf_event_data none
//	tracepoint                                      the record, ≤ 8192 bytes   none; the first 8 bytes are hidden
//	raw_tracepoint, tracing/tp_btf, tracing/iter    u64 args[], ≤ 12           none
//	tracing/fentry, …/fexit, …/fmod_ret, lsm        u64 args[], ≤ 13           none; the last is the result
//	netfilter                                       two pointers               none
//	syscall                                         bytes, both ways           none
//
// Registers are those of the processor that the program was compiled for: [AMD64] and
// [ARM64] say where a function's arguments are. The context of a kprobe has at least the
// former's size, and more if the input gives it.
//
// Pointers among the arguments of probes lead where the input says: to the input's memory,
// which such programs may read, or to nothing. Types that the kernel's BTF describes have
// no more than this layout here.
//
// Everything here is data. The sources are Linux's include/uapi/linux/bpf.h for
// the layouts, and each type's is_valid_access for the rules: net/core/filter.c, for
// raw_tracepoint kernel/trace/bpf_trace.c, for control groups kernel/bpf/cgroup.c, and
// may_access_direct_pkt_data in kernel/bpf/verifier.c for packets that may only be read. A
// test holds every byte of every field against what a kernel answered (verifier/release).
package hook
