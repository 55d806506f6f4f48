// Package hook describes program types: what r1 points to when a program starts,
// which bytes of it a program may read and write, and how it finds the packet.
//
//	type                                            r1                  packet
//	mem                                             the input memory    none; r2 = length of the memory
//	socket_filter                                   struct __sk_buff    by LD_ABS and LD_IND
//	sched_cls                                       struct __sk_buff    data to data_end
//	xdp                                             struct xdp_md       data to data_end
//	cgroup_skb/ingress, cgroup_skb/egress           struct __sk_buff    data to data_end, to read; no MAC header
//	sk_skb/stream_verdict, sk_skb/verdict           struct __sk_buff    data to data_end: a message
//	raw_tracepoint                                  u64 args[], ≤ 12    none
//	syscall                                         bytes, both ways    none
//
// Everything here is data. The sources are Linux's include/uapi/linux/bpf.h for
// the layouts, and each type's is_valid_access for the rules: net/core/filter.c, for
// raw_tracepoint kernel/trace/bpf_trace.c, and may_access_direct_pkt_data in
// kernel/bpf/verifier.c for packets that may only be read.
package hook
