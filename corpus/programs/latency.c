/*
 * latency: how long block requests take.
 *
 * Two programs: `issue` notes when a request is handed to the device, `complete` finds
 * that again by the request's address. Every latency goes into a histogram of powers
 * of two; one of limit.slow or more is reported through a ring buffer as well.
 *
 * The time is not the kernel's clock but entry 0 of the map `clock`, which user space
 * sets: so a run can be repeated exactly.
 */
#include "bpf.h"

enum { SLOTS = 32, MAP_RINGBUF = 27 };

static long (*const map_delete)(void *map, const void *key) = (void *)3;
static void *(*const ringbuf_reserve)(void *ringbuf, u64 size, u64 flags) = (void *)131;
static void (*const ringbuf_submit)(void *record, u64 flags) = (void *)132;

MAP(clock, MAP_ARRAY, 1, u32, s64);
MAP(started, MAP_HASH, 256, u64, s64);
MAP(slots, MAP_ARRAY, SLOTS, u32, u64);

struct {
	int (*type)[MAP_RINGBUF];
	int (*max_entries)[4096];
} reports SEC(".maps");

/* A record of `reports`. */
struct report {
	u64 request;
	s64 ns;
	u32 bytes;
	u32 error;
};

/* Constants that a loader may replace before it loads the program. */
const volatile struct {
	s64 slow; /* ns */
} limit = { 1000000 };

/* For user space to read. */
struct {
	u64 untracked;  /* begun, but there was no room to note it */
	u64 unknown;    /* complete, but nobody saw the beginning */
	u64 backwards;  /* complete before the beginning: the clock was set back */
	u64 unreported; /* slow, but the ring buffer was full */
} total;

/* What the tracepoints hand over. */
struct block_rq_issue {
	u64 request;
};

struct block_rq_complete {
	u64 request;
	u64 error; /* blk_status_t */
	u64 bytes; /* unsigned int */
};

static s64 now(void)
{
	u32 zero = 0;
	s64 *t = map_lookup(&clock, &zero);

	return t ? *t : 0;
}

/* Slot n counts 2^n to 2^(n+1)-1 ns; the first has 0 too, the last all that is more. */
static u32 slot_of(u64 ns)
{
	u32 slot = 0;

	if (ns >> 32)
		return SLOTS - 1;
	if (ns >> 16) {
		slot += 16;
		ns >>= 16;
	}
	if (ns >> 8) {
		slot += 8;
		ns >>= 8;
	}
	if (ns >> 4) {
		slot += 4;
		ns >>= 4;
	}
	if (ns >> 2) {
		slot += 2;
		ns >>= 2;
	}
	return slot + (ns >> 1);
}

static NOINLINE void report(const struct block_rq_complete *done, s64 ns)
{
	struct report *r = ringbuf_reserve(&reports, sizeof(*r), 0);

	if (!r) {
		__sync_fetch_and_add(&total.unreported, 1);
		return;
	}
	r->request = done->request;
	r->ns = ns;
	r->bytes = done->bytes;
	r->error = done->error;
	ringbuf_submit(r, 0);
}

SEC("raw_tp/block_rq_issue") int issue(struct block_rq_issue *args)
{
	u64 request = args->request;
	s64 t = now();

	if (map_update(&started, &request, &t, BPF_ANY))
		__sync_fetch_and_add(&total.untracked, 1);
	return 0;
}

SEC("raw_tp/block_rq_complete") int complete(struct block_rq_complete *args)
{
	struct block_rq_complete done = { args->request, args->error, args->bytes };
	s64 *start = map_lookup(&started, &done.request), ns;
	u32 slot;
	u64 *n;

	if (!start) {
		__sync_fetch_and_add(&total.unknown, 1);
		return 0;
	}
	ns = now() - *start;
	map_delete(&started, &done.request);
	if (ns < 0) {
		__sync_fetch_and_add(&total.backwards, 1);
		return 0;
	}
	slot = slot_of(ns);
	n = map_lookup(&slots, &slot);
	if (n)
		__sync_fetch_and_add(n, 1);
	if (ns >= limit.slow)
		report(&done, ns);
	return 0;
}

char _license[] SEC("license") = "Apache-2.0";
