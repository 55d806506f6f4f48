/* unsafe: mistakes that a verifier refuses, one a program. */
#include "bpf.h"

static long (*const adjust_head)(void *ctx, int delta) = (void *)44;

struct slots {
	u32 of[8];
};

MAP(counts, MAP_ARRAY, 4, u32, u64);
MAP(tables, MAP_HASH, 4, u32, struct slots);

/* The header is longer than what was compared with the packet's end. */
SEC("xdp") int header(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	struct eth *eth = data;
	if (data + sizeof *eth > end)
		return XDP_PASS;
	struct ipv4 *ip = data + sizeof *eth;
	return ip->protocol == PROTO_UDP ? XDP_DROP : XDP_PASS;
}

/* The packet may be elsewhere after the call. */
SEC("xdp") int stale(struct xdp_md *ctx)
{
	u8 *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	if (data + 14 > end)
		return XDP_PASS;
	if (adjust_head(ctx, 4))
		return XDP_ABORTED;
	return data[0] ? XDP_PASS : XDP_DROP;
}

/* A key may be missing. */
SEC("xdp") int missing(struct xdp_md *ctx)
{
	u32 key = ctx->ingress_ifindex;
	u64 *n = map_lookup(&counts, &key);
	*n += 1;
	return XDP_PASS;
}

/* The table has 8 slots, the mask leaves 16. */
SEC("xdp") int masked(struct xdp_md *ctx)
{
	u32 key = 0;
	struct slots *t = map_lookup(&tables, &key);
	if (!t)
		return XDP_PASS;
	u32 i = ctx->rx_queue_index & 15;
	OPAQUE(i);
	return t->of[i] ? XDP_PASS : XDP_DROP;
}

/* Nothing is wrong here. A loop, for profiles. */
SEC("xdp") int sums(struct xdp_md *ctx)
{
	u8 *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	u32 sum = 0;
#pragma clang loop unroll(disable)
	for (u32 i = 0; i < 16; i++) {
		u8 *at = data + i;
		OPAQUE(at);
		if (at + 1 > end)
			break;
		sum += *at;
	}
	return sum & 1 ? XDP_PASS : XDP_DROP;
}
