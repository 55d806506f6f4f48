/*
 * syscalls: how often which system call is made.
 *
 * The numbers of the common tables are small and have a place in an array. Others
 * (those of foreign ABIs have high bits set, a tracer's skipped call is -1) are counted
 * in a hash, as long as there is room.
 */
#include "bpf.h"

enum { COMMON = 512 };

MAP(calls, MAP_ARRAY, COMMON, u32, u64);
MAP(others, MAP_HASH, 4, s64, u64);

/* For user space to read. */
struct {
	u64 all;
	u64 lost; /* not counted by number, for want of room */
} total;

/* What the tracepoint hands over. */
struct sys_enter {
	u64 regs;
	s64 id;
};

static NOINLINE void count_other(s64 id)
{
	u64 one = 1, *n = map_lookup(&others, &id);

	if (!n) {
		if (!map_update(&others, &id, &one, BPF_NOEXIST))
			return;
		n = map_lookup(&others, &id); /* another CPU may have been quicker */
	}
	if (n)
		__sync_fetch_and_add(n, 1);
	else
		__sync_fetch_and_add(&total.lost, 1);
}

SEC("raw_tp/sys_enter") int syscalls(struct sys_enter *args)
{
	s64 id = args->id;

	__sync_fetch_and_add(&total.all, 1);
	if (id >= 0 && id < COMMON) {
		u32 index = id;
		u64 *n = map_lookup(&calls, &index);

		if (n)
			__sync_fetch_and_add(n, 1);
	} else {
		count_other(id);
	}
	return 0;
}

char _license[] SEC("license") = "Apache-2.0";
