/*
 * ratelimit: a token bucket for every IPv4 source.
 *
 * A bucket holds at most limit.burst tokens and gains one every limit.interval
 * nanoseconds; a packet takes one, or is dropped. The time is not the kernel's clock but entry 0
 * of the map `clock`, which user space sets: so a run can be repeated exactly.
 *
 * Time is signed. If the clock goes back, buckets lose what they had gained.
 */
#include "bpf.h"

struct bucket {
	s64 tokens;
	s64 filled; /* when the bucket last gained a token */
	u64 passed, dropped;
};

MAP(clock, MAP_ARRAY, 1, u32, s64);
MAP(buckets, MAP_HASH, 4, u32, struct bucket);

/* Constants that a loader may replace before it loads the program. */
const volatile struct {
	s64 interval; /* ns a token */
	s64 burst;
} limit = { 1000000, 3 };

/* For user space to read. */
struct {
	u64 passed, dropped;
	u64 untracked; /* dropped for want of a bucket */
} total;

static s64 now(void)
{
	u32 zero = 0;
	s64 *t = map_lookup(&clock, &zero);

	return t ? *t : 0;
}

static void refill(struct bucket *b, s64 t)
{
	s64 gained = (t - b->filled) / limit.interval;

	b->filled += gained * limit.interval;
	b->tokens += gained;
	if (b->tokens > limit.burst)
		b->tokens = limit.burst;
	if (b->tokens < 0)
		b->tokens = 0;
}

static NOINLINE int take(u32 source)
{
	struct bucket *b = map_lookup(&buckets, &source);

	if (!b) {
		struct bucket full = { .tokens = limit.burst, .filled = now() };

		if (map_update(&buckets, &source, &full, BPF_NOEXIST)) {
			total.untracked++; /* the table is full: newcomers wait outside */
			return 0;
		}
		b = map_lookup(&buckets, &source);
		if (!b)
			return 0;
	}
	refill(b, now());
	if (b->tokens == 0) {
		b->dropped++;
		return 0;
	}
	b->tokens--;
	b->passed++;
	return 1;
}

SEC("xdp") int ratelimit(struct xdp_md *ctx)
{
	void *end = (void *)(long)ctx->data_end;
	struct eth *eth = (void *)(long)ctx->data;
	struct ipv4 *ip = (void *)(eth + 1);

	if ((void *)(ip + 1) > end || NET16(eth->type) != ETH_IPV4)
		return XDP_PASS;
	if (!take(ip->saddr)) {
		total.dropped++;
		return XDP_DROP;
	}
	total.passed++;
	return XDP_PASS;
}

char _license[] SEC("license") = "Apache-2.0";
