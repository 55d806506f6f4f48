/* nested: maps in a map, of which one comes later in the object than the map they are in. */
#include "bpf.h"

enum { MAP_ARRAY_OF_MAPS = 12, MAP_RINGBUF = 27 };

static long (*const ringbuf_output)(void *map, void *data, u64 size, u64 flags) = (void *)130;

struct counter {
	int (*type)[MAP_ARRAY];
	int (*max_entries)[2];
	u32 *key;
	u64 *value;
} all SEC(".maps"), some SEC(".maps");

struct {
	int (*type)[MAP_ARRAY_OF_MAPS];
	int (*max_entries)[4];
	u32 *key;
	struct counter *values[];
} counters SEC(".maps") = { .values = { &all, 0, &some } };

struct {
	int (*type)[MAP_RINGBUF];
	int (*max_entries)[4096];
} events SEC(".maps");

/* Adds 1 or 10 to a counter, and puts it out; returns its low 32 bits. */
SEC("xdp") int nested(struct xdp_md *ctx)
{
	u64 len = ctx->data_end - ctx->data;
	u32 which = len < 64 ? 0 : len < 100 ? 1 : 2, at = 1;
	void *inner = map_lookup(&counters, &which);
	u64 *count;

	if (!inner)
		return -1;
	count = map_lookup(inner, &at);
	if (!count)
		return -2;
	*count += which ? 10 : 1;
	ringbuf_output(&events, count, sizeof(*count), 0);
	return *count;
}

char _license[] SEC("license") = "GPL";
