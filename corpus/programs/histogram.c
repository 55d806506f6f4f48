/*
 * histogram: what system calls return.
 *
 * Results are counted by powers of two, errors one by one, in arrays with a value for
 * every CPU, so that counting needs no atomics. The sums are common to all CPUs and do.
 */
#include "bpf.h"

enum { POWERS = 65, ERRORS = 134, MAX_ERRNO = 4095, MAP_PERCPU_ARRAY = 6 };

MAP(results, MAP_PERCPU_ARRAY, POWERS, u32, u64);
MAP(errors, MAP_PERCPU_ARRAY, ERRORS, u32, u64);

/* For user space to read. */
struct {
	u64 calls, sum; /* of results; errors add nothing */
	u64 failed;
	u64 largest;
	u64 races; /* the largest result was not noted, because others wrote all the time */
} total;

/* What the tracepoint hands over. */
struct sys_exit {
	u64 regs;
	u64 result; /* the last MAX_ERRNO values are errors */
};

/* Place n counts 2^(n-1) to 2^n-1; place 0 counts zeros. */
static u32 power_of(u64 v)
{
	u32 n = 0;

	if (v >> 32) {
		n += 32;
		v >>= 32;
	}
	if (v >> 16) {
		n += 16;
		v >>= 16;
	}
	if (v >> 8) {
		n += 8;
		v >>= 8;
	}
	if (v >> 4) {
		n += 4;
		v >>= 4;
	}
	if (v >> 2) {
		n += 2;
		v >>= 2;
	}
	if (v >> 1) {
		n += 1;
		v >>= 1;
	}
	return n + v;
}

INLINE void count(void *map, u32 place)
{
	u64 *n = map_lookup(map, &place);

	if (n)
		++*n;
}

static NOINLINE int note_largest(u64 v)
{
	for (int tries = 0; tries < 4; tries++) {
		u64 old = *(volatile u64 *)&total.largest;

		if (v <= old || __sync_val_compare_and_swap(&total.largest, old, v) == old)
			return 0;
	}
	__sync_fetch_and_add(&total.races, 1);
	return 0;
}

SEC("raw_tp/sys_exit") int histogram(struct sys_exit *args)
{
	u64 result = args->result, error = -result;

	__sync_fetch_and_add(&total.calls, 1);
	if (error - 1 < MAX_ERRNO) {
		__sync_fetch_and_add(&total.failed, 1);
		count(&errors, error < ERRORS ? error : 0);
		return 0;
	}
	__sync_fetch_and_add(&total.sum, result);
	count(&results, power_of(result));
	note_largest(result);
	return 0;
}

char _license[] SEC("license") = "Apache-2.0";
