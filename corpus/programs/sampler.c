/*
 * sampler: show user space the beginning of some packets.
 *
 * A sample is a header and the first bytes of a packet, and goes into the perf event array
 * `samples`. Which packets are sampled, `orders` says: a queue of how many to pass over, and
 * how much to show of the next one. sFlow wants random distances; user space draws them, so
 * that a run can be repeated. When the queue is empty, the usual order holds.
 *
 * Samples that nobody takes are numbered in `lost`, a stack of the last few.
 */
#include "bpf.h"

enum { MAP_PERF_EVENT_ARRAY = 4, MAP_QUEUE = 22, MAP_STACK = 23 };

static long (*const perf_event_output)(void *ctx, void *map, u64 flags, void *data, u64 size) = (void *)25;
static long (*const map_push)(void *map, const void *value, u64 flags) = (void *)87;
static long (*const map_pop)(void *map, void *value) = (void *)88;

/* The flags of perf_event_output: which event, and how many bytes of the packet follow the data. */
#define THIS_CPU 0xffffffffull
#define PACKET_BYTES(n) ((u64)(n) << 32)

struct order {
	u32 skip; /* packets */
	u32 show; /* bytes */
};

struct header {
	u64 number; /* of the packet, from 1 on */
	u32 length, shown; /* bytes */
};

struct {
	int (*type)[MAP_PERF_EVENT_ARRAY];
	int (*max_entries)[64]; /* CPUs */
	int (*key_size)[4];
	int (*value_size)[4];
} samples SEC(".maps");

struct {
	int (*type)[MAP_QUEUE];
	int (*max_entries)[16];
	struct order *value;
} orders SEC(".maps");

struct {
	int (*type)[MAP_STACK];
	int (*max_entries)[3];
	u64 *value;
} lost SEC(".maps");

/* Constants that a loader may replace. */
const volatile struct order usual = { 3, 32 };

struct order current = { 0, 16 };

struct {
	u64 packets, samples, lost;
} total;

INLINE void sample(struct xdp_md *ctx, u32 length)
{
	struct header h = { .number = total.packets, .length = length };

	h.shown = current.show < length ? current.show : length;
	if (perf_event_output(ctx, &samples, THIS_CPU | PACKET_BYTES(h.shown), &h, sizeof(h))) {
		total.lost++;
		map_push(&lost, &h.number, BPF_EXIST); /* if need be, the oldest goes */
		return;
	}
	total.samples++;
}

SEC("xdp") int sampler(struct xdp_md *ctx)
{
	struct order next;

	total.packets++;
	if (current.skip) {
		current.skip--;
		return XDP_PASS;
	}
	sample(ctx, ctx->data_end - ctx->data);
	if (map_pop(&orders, &next)) {
		next.skip = usual.skip;
		next.show = usual.show;
	}
	current = next;
	return XDP_PASS;
}

/* Linux lends perf_event_output to programs under the GPL only. */
char _license[] SEC("license") = "GPL";
