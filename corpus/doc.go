// Package corpus is the project's stock of programs to run.
//
// programs/ holds small, real C programs with the objects that clang made of them,
// once for each byte order:
//
//	firewall    xdp         parses Ethernet, VLAN, IPv4, TCP and UDP; drops by rules in a hash
//	checksum    sched_cls   verifies and mends the IPv4 header checksum in the packet
//	ratelimit   xdp         a token bucket for every source; .rodata, .bss and a settable clock
//	blocklist   xdp         blocks networks of IPv4 and IPv6; LPM tries
//	balancer    xdp         spreads connections over backends; consistent hash, LRU hash, checksums of TCP and UDP
//	dns         xdp         turns queries for blocked names into replies; reads labels one by one
//	tcpopts     sched_cls   counts TCP options, clamps the MSS; a checksum of bytes at odd places
//	pipeline    xdp         stages by tail calls, one of them missing, one that calls itself; per-CPU arrays
//	conntrack   sched_cls   follows TCP connections by a table of states; ring buffer, per-CPU counters
//	sampler     xdp         shows parts of some packets; perf events, a queue, a stack, .data
//	tenants     xdp         a firewall for each VLAN; maps in a map
//	entropy     sched_cls   marks packets by their entropy; callbacks, a global function, atomics
//	cgroup      cgroup_skb  who may be written to, and how much: two programs, LPM prefixes, budgets
//	sockredir   sk_skb      routes messages between sockets by a sockhash and a sockmap
//	syscalls    raw_tp      counts system calls by number
//	latency     raw_tp      how long block requests take: two programs, a histogram, a ring buffer
//	histogram   raw_tp      what system calls return, by powers of two and by error, on each CPU
//	dedup       raw_tp      reports a place once: a bloom filter, a queue, a stack
//	control     syscall     commands to a table, with loops over its keys; the answer is in the context
//
// programs/testdata holds the packets that the tests send through them. The tests
// compare every target with plain Go that states what each program is to do. All but
// ratelimit, which is of -mcpu=v4, load on Linux 6.1; entropy wants a kernel with a JIT.
//
// regress/ holds cases that some implementation once got wrong, each with what is
// right and, in its comment, who was wrong and how. A bug of a kernel that may be
// exploitable is reported to its security contact and is not here.
//
// public/ has no objects but a list of Debian packages that carry some; its tests
// fetch them by the package client.
//
// A changed program is compiled again by
//
//	go test ./corpus -run Objects -generate     (clang-19 and llvm-strip-19)
package corpus
