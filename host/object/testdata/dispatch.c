/*
 * dispatch: what the programs of corpus/programs do not need: a callback, tail
 * calls through a prog_array that the object fills, .data, calls inside .text.
 */
#include "bpf.h"

int large(struct xdp_md *ctx);
int small(struct xdp_md *ctx);

struct {
	int (*type)[MAP_PROG_ARRAY];
	int (*max_entries)[4];
	u32 *key;
	int (*values[])(struct xdp_md *);
} sizes SEC(".maps") = { .values = { [1] = small, [3] = large } };

u32 limit = 64;

static NOINLINE u32 twice(u32 x)
{
	return x + x;
}

/* Called by bpf_loop: adds the square of i to the sum at arg. */
static long add_square(u32 i, void *arg)
{
	u64 *sum = arg;

	for (u32 n = 0; n < i && n < 8; n++)
		*sum += twice(i) / 2;
	return 0;
}

SEC("xdp") int small(struct xdp_md *ctx)
{
	u64 sum = 0;

	loop(5, add_square, &sum, 0);
	return sum; /* 0 + 1 + 4 + 9 + 16 */
}

SEC("xdp") int large(struct xdp_md *ctx)
{
	return twice(21);
}

SEC("xdp") int dispatch(struct xdp_md *ctx)
{
	tail_call(ctx, &sizes, ctx->data_end - ctx->data < limit ? 1 : 3);
	return -1;
}

char _license[] SEC("license") = "Apache-2.0";
