/*
 * dedup: where the kernel drops packets, each place reported once.
 *
 * A bloom filter knows the places that were seen. It may take a new one for known, and
 * then that is never reported; it never reports one twice. A new place goes into the
 * queue `fresh`, which user space empties; if the queue is full, the oldest goes. The stack `recent`
 * has the last places, known or not.
 */
#include "bpf.h"

enum { MAP_QUEUE = 22, MAP_STACK = 23, MAP_BLOOM_FILTER = 30, ZERO_SEED = 1 << 6 };

static long (*const map_push)(void *map, const void *value, u64 flags) = (void *)87;
static long (*const map_peek)(void *map, void *value) = (void *)89;

struct {
	int (*type)[MAP_BLOOM_FILTER];
	int (*max_entries)[64];
	int (*map_flags)[ZERO_SEED]; /* so that a run can be repeated exactly */
	u64 *value;
} seen SEC(".maps");

struct {
	int (*type)[MAP_QUEUE];
	int (*max_entries)[4];
	u64 *value;
} fresh SEC(".maps");

struct {
	int (*type)[MAP_STACK];
	int (*max_entries)[3];
	u64 *value;
} recent SEC(".maps");

/* For user space to read. */
struct {
	u64 drops, places;
	u64 overwritten; /* places that left `fresh` before user space had them */
} total;

/* What the tracepoint hands over. */
struct kfree_skb {
	u64 skb;
	u64 location; /* of the code */
	u64 reason;
};

SEC("raw_tp/kfree_skb") int dedup(struct kfree_skb *args)
{
	u64 place = args->location;

	__sync_fetch_and_add(&total.drops, 1);
	map_push(&recent, &place, BPF_EXIST);
	if (!map_peek(&seen, &place))
		return 0;
	map_push(&seen, &place, BPF_ANY);
	__sync_fetch_and_add(&total.places, 1);
	if (map_push(&fresh, &place, BPF_ANY)) {
		__sync_fetch_and_add(&total.overwritten, 1);
		map_push(&fresh, &place, BPF_EXIST);
	}
	return 0;
}

char _license[] SEC("license") = "Apache-2.0";
