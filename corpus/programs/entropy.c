/*
 * entropy: mark packets with the entropy of their payload, and drop what looks like noise.
 *
 * The payload is what follows Ethernet's header, its first 1024 bytes at most. If byte b is there n(b)
 * times among N bytes, the entropy (Shannon's) is
 *
 *	log2 N - 1/N * sum of n(b) * log2 n(b)   bits a byte
 *
 * Text has 4 to 5 bits, what is compressed or encrypted has almost 8. Numbers are in 1/65536 bit;
 * logarithms and the quotient are rounded down.
 */
#include "bpf.h"

enum { MAP_PERCPU_ARRAY = 6 };
enum { BYTES = 1024 };

struct counts {
	u32 of[256]; /* all 0 between packets */
};

MAP(counts, MAP_PERCPU_ARRAY, 1, u32, struct counts);

/* Constants that a loader may replace. Few bytes never look like noise: they cannot all differ. */
const volatile struct {
	u32 noise; /* bits / 65536 */
	u32 least; /* bytes */
} limit = { 7 << 16, 256 };

/* For user space to read. */
struct {
	u64 packets, bytes;
	u64 dropped;
	u64 highest;
	u64 seen; /* bit i: a payload with i to i+1 bits a byte */
	u64 changes; /* from one packet to the next */
	u64 last;
} total;

/* The logarithm of n > 0, bit by bit: squaring a number doubles its logarithm. */
NOINLINE u32 log2_fixed(u32 n)
{
	u32 whole = 0, fraction = 0;
	u64 x; /* n / 2^whole, from 1 to 2, in 1/2^31 */

	for (u32 shift = 16; shift; shift /= 2)
		if (n >> (whole + shift))
			whole += shift;
	x = (u64)n << (31 - whole);
	for (int i = 0; i < 16; i++) {
		x = x * x >> 31;
		fraction = fraction << 1 | x >> 32;
		x >>= x >> 32;
	}
	return whole << 16 | fraction;
}

static struct counts *counts_of_cpu(void)
{
	u32 zero = 0;

	return map_lookup(&counts, &zero);
}

/* Called by bpf_loop: counts the byte at i; 1 after the last one. */
static long count_byte(u32 i, void *arg)
{
	struct __sk_buff *skb = *(struct __sk_buff **)arg;
	void *end = (void *)(long)skb->data_end;
	u8 *p = (void *)(long)skb->data + sizeof(struct eth);
	struct counts *counts = counts_of_cpu();

	if (!counts || i >= BYTES)
		return 1;
	p += i;
	OPAQUE(p);
	if ((void *)(p + 1) > end)
		return 1;
	counts->of[*p]++;
	return (void *)(p + 2) > end;
}

/* Called by bpf_loop: adds n log2 n for the byte i, and takes its count away. */
static long add_up(u32 i, void *arg)
{
	struct counts *counts = counts_of_cpu();
	u64 *sum = arg;

	if (!counts || i >= 256)
		return 1;
	if (counts->of[i])
		*sum += (u64)counts->of[i] * log2_fixed(counts->of[i]);
	counts->of[i] = 0;
	return 0;
}

static void keep_highest(u64 bits)
{
	u64 old = total.highest;

	for (int tries = 0; tries < 4 && bits > old; tries++) {
		u64 was = __sync_val_compare_and_swap(&total.highest, old, bits);

		if (was == old)
			break;
		old = was;
	}
}

static void account(u64 n, u64 bits)
{
	__sync_fetch_and_add(&total.packets, 1);
	__sync_fetch_and_add(&total.bytes, n);
	__sync_fetch_and_or(&total.seen, 1ull << (bits >> 16));
	if (__sync_lock_test_and_set(&total.last, bits) != bits)
		__sync_fetch_and_add(&total.changes, 1);
	keep_highest(bits);
}

SEC("tc") int entropy(struct __sk_buff *skb)
{
	u64 sum = 0, bits;
	u32 n;

	if (skb->data_end - skb->data <= sizeof(struct eth))
		return TC_ACT_OK;
	n = loop(BYTES, count_byte, &skb, 0);
	loop(256, add_up, &sum, 0);
	bits = ((u64)n * log2_fixed(n) - sum) / n;
	skb->mark = bits;
	account(n, bits);
	if (n < limit.least || bits < limit.noise)
		return TC_ACT_OK;
	__sync_fetch_and_add(&total.dropped, 1);
	return TC_ACT_SHOT;
}

char _license[] SEC("license") = "Apache-2.0";
