/*
 * firewall: drop the packets that a rule names.
 *
 * A rule is an entry of the hash map `rules`. Its key is a flow; zeros in the key
 * are wildcards in one case: a flow with nothing but a source address stands for
 * everything from there. The value counts what the rule has dropped.
 *
 * What is not IPv4 passes. IPv4 that contradicts itself is dropped.
 */
#include "bpf.h"

struct flow {
	u32 saddr, daddr; /* as in the packet */
	u16 sport, dport; /* as in the packet; 0 where there is none */
	u8 protocol;
	u8 zero[3];
};

struct rule {
	u64 packets, bytes;
};

enum outcome { PASSED, BLOCKED, MALFORMED, NOT_IPV4, OUTCOMES };

MAP(rules, MAP_HASH, 64, struct flow, struct rule);
MAP(outcomes, MAP_ARRAY, OUTCOMES, u32, u64);

static NOINLINE void count(u32 outcome)
{
	u64 *n = map_lookup(&outcomes, &outcome);

	if (n)
		__sync_fetch_and_add(n, 1);
}

static NOINLINE int blocked(const struct flow *flow, u64 bytes)
{
	struct rule *rule = map_lookup(&rules, flow);

	if (!rule)
		return 0;
	__sync_fetch_and_add(&rule->packets, 1);
	__sync_fetch_and_add(&rule->bytes, bytes);
	return 1;
}

/* The IPv4 header behind Ethernet and up to two VLAN tags. */
INLINE enum outcome find_ipv4(void *data, void *end, struct ipv4 **ip)
{
	struct eth *eth = data;
	void *next = eth + 1;
	u16 type;

	if (next > end)
		return MALFORMED;
	type = NET16(eth->type);
#pragma unroll
	for (int tags = 0; tags < 2; tags++) {
		if (type != ETH_VLAN && type != ETH_QINQ)
			break;
		if (next + 4 > end)
			return MALFORMED;
		type = NET16(*(u16 *)(next + 2));
		next += 4;
	}
	if (type != ETH_IPV4)
		return NOT_IPV4;
	*ip = next;
	return PASSED;
}

INLINE enum outcome judge(void *data, void *end)
{
	struct flow flow = {}, from = {};
	struct ipv4 *ip;
	u32 header, total;
	enum outcome found = find_ipv4(data, end, &ip);

	if (found != PASSED)
		return found;
	if ((void *)(ip + 1) > end || ip->version_ihl >> 4 != 4)
		return MALFORMED;
	header = (ip->version_ihl & 15) * 4;
	total = NET16(ip->total_len);
	if (header < sizeof(*ip) || total < header || (void *)ip + total > end)
		return MALFORMED;

	flow.saddr = ip->saddr;
	flow.daddr = ip->daddr;
	flow.protocol = ip->protocol;

	/* TCP and UDP both begin with the ports; only a first fragment has them. */
	if ((ip->protocol == PROTO_TCP || ip->protocol == PROTO_UDP) && !(NET16(ip->frag) & 0x1fff)) {
		u16 *port = (void *)ip + header;

		if ((void *)(port + 2) > end || total < header + 4)
			return MALFORMED;
		flow.sport = port[0];
		flow.dport = port[1];
	}

	from.saddr = flow.saddr;
	if (blocked(&flow, total) || blocked(&from, total))
		return BLOCKED;
	return PASSED;
}

SEC("xdp") int firewall(struct xdp_md *ctx)
{
	enum outcome o = judge((void *)(long)ctx->data, (void *)(long)ctx->data_end);

	count(o);
	return o == PASSED || o == NOT_IPV4 ? XDP_PASS : XDP_DROP;
}

char _license[] SEC("license") = "Apache-2.0";
