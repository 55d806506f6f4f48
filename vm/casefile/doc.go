// Package casefile reads and writes the one text form of a [vm.Case]. The corpus,
// the findings of a campaign and `lockstep run` all use it.
//
// The container is txtar: a header, then files between lines `-- NAME --`.
//
//	# what a person should know of the case; any number of lines
//	name: a counter
//	type: xdp
//	-- prog --
//		*(u32 *)(r10 - 4) = 0
//		r1 = map[counts]
//		r2 = r10
//		r2 += -4
//		call bpf_map_lookup_elem
//		if r0 == 0 goto out
//		r1 = 1
//		lock *(u64 *)(r0 + 0) += r1
//	out:
//		r0 = 2
//		exit
//	-- map counts --
//	type: array
//	key: 4
//	value: 8
//	max_entries: 2
//	01000000 = 0700000000000000
//	-- input --
//	packet: 00112233445566778899aabb0800
//	-- expect --
//	kind: exit
//	r0: 0x2
//
// # The header
//
// Lines `key: value`, and comments after #. All keys may be absent.
//
//	name    a title
//	type    the program type of all programs, by name or number: mem (default), xdp,
//	        sched_cls, socket_filter, cgroup_skb/ingress, cgroup_skb/egress,
//	        sk_skb/stream_verdict, sk_skb/verdict, raw_tracepoint, syscall
//	license the programs' licence, as an object's section "license" has it: MIT, Dual BSD/GPL, ...;
//	        default GPL. Only verifiers look at it
//	mode    checked (default) or trusted
//	fuel    instructions an input may take; default 1,000,000
//	meter   exact (default), or fast: fuel may be charged in bulk
//	order   little (default) or big
//
// # The files
//
//	prog, prog/NAME          a program, as package spec/asm reads it; the first one runs
//	prog.hex, prog/NAME.hex  the same as bytes in hex, blanks anywhere
//	map NAME                 a map: type, key, value, max_entries, flags, extra (of a
//	                         bloom filter: hash functions), frozen (true: no user may
//	                         change it), inner (of a map of maps:
//	                         type, key, value, max_entries, flags of the maps in it),
//	                         entries. The first map is number 0
//	input, input 2, …        an event: memory, packet, ctx (hex), seed (a number)
//	expect, expect 2, …      what comes of that event; see [Expect]
//
// A line that begins with a blank continues the one before. Hex is two digits a
// byte, in the order of addresses; numbers are written as in C.
//
// [Parse] takes any bytes: what is wrong comes back as an [Error] with a line.
// [Format] writes the canonical form, and Parse of that gives the same case again.
package casefile
