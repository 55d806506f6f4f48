/*
 * faults: programs that tests of package bpftest see go wrong.
 */
#include "bpf.h"

/* Reads beyond a short packet. */
SEC("xdp") int careless(struct xdp_md *ctx)
{
	u8 *data = (void *)(long)ctx->data;

	return data[20];
}

/* bpf_snprintf_btf is not simulated. */
static long (*const snprintf_btf)(char *s, u32 n, void *p, u32 size, u64 flags) = (void *)149;

SEC("socket") int mocked(void *ctx)
{
	char text[8] = {};

	snprintf_btf(text, sizeof(text), ctx, 0, 0);
	return text[0];
}

/* Asks for what time it is, and the dice. */
static u64 (*const ktime)(void) = (void *)5;
static u32 (*const prandom)(void) = (void *)7;

SEC("tc") int asks(struct __sk_buff *skb)
{
	return ktime() + prandom();
}

char _license[] SEC("license") = "GPL";
