/*
 * tenants: a firewall with a table of its own for every VLAN.
 *
 * `tables` has a tenant's table under the number of its VLAN, a map in a map: user space can write
 * a new table at leisure and put it in place at once. Tenants may share one.
 * In a table the most exact entry counts: protocol and port, the protocol, everything.
 * Where there is none, and on a VLAN without a tenant, IPv4 is dropped.
 */
#include "packet.h"

enum { MAP_HASH_OF_MAPS = 13 };

struct service {
	u16 port; /* as in the packet; 0 stands for all */
	u8 protocol; /* 0 stands for all */
	u8 zero;
};

struct policy {
	u64 allow;
	u64 packets;
};

enum outcome { ALLOWED, DENIED, UNLISTED, NO_TENANT, NOT_IPV4, MALFORMED, OUTCOMES };

struct table {
	int (*type)[MAP_HASH];
	int (*max_entries)[16];
	struct service *key;
	struct policy *value;
} red SEC(".maps"), blue SEC(".maps"), guests SEC(".maps");

struct {
	int (*type)[MAP_HASH_OF_MAPS];
	int (*max_entries)[32];
	u32 *key;
	struct table *values[];
} tables SEC(".maps") = { .values = { [1] = &red, [2] = &blue, [7] = &guests, [8] = &guests } };

MAP(outcomes, MAP_ARRAY, OUTCOMES, u32, u64);

INLINE enum outcome apply(struct policy *p)
{
	__sync_fetch_and_add(&p->packets, 1);
	return p->allow ? ALLOWED : DENIED;
}

static NOINLINE enum outcome judge_service(u32 vlan, u8 protocol, u16 port)
{
	struct service exact = { port, protocol }, whole = { 0, protocol }, all = {};
	void *table = map_lookup(&tables, &vlan);
	struct policy *p;

	if (!table)
		return NO_TENANT;
	if ((p = map_lookup(table, &exact)) || (p = map_lookup(table, &whole)) || (p = map_lookup(table, &all)))
		return apply(p);
	return UNLISTED;
}

INLINE enum outcome judge(void *data, void *end)
{
	struct eth *eth = data;
	void *next = eth + 1;
	u32 vlan = 0, header;
	struct ipv4 *ip;
	u16 type, port = 0;

	if (next > end)
		return MALFORMED;
	type = NET16(eth->type);
	if (type == ETH_VLAN) {
		u16 *tag = next;

		next += 4;
		if (next > end)
			return MALFORMED;
		vlan = NET16(tag[0]) & 0xfff; /* the upper bits are priority */
		type = NET16(tag[1]);
	}
	if (type != ETH_IPV4)
		return NOT_IPV4;
	ip = next;
	if ((void *)(ip + 1) > end)
		return MALFORMED;
	header = (ip->version_ihl & 15) * 4;
	if (header < sizeof(*ip))
		return MALFORMED;
	if ((ip->protocol == PROTO_TCP || ip->protocol == PROTO_UDP) && !(NET16(ip->frag) & FRAG_OFFSET)) {
		u16 *ports = next + header;

		if ((void *)(ports + 2) > end)
			return MALFORMED;
		port = ports[1];
	}
	return judge_service(vlan, ip->protocol, port);
}

SEC("xdp") int tenants(struct xdp_md *ctx)
{
	u32 o = judge((void *)(long)ctx->data, (void *)(long)ctx->data_end);
	u64 *n = map_lookup(&outcomes, &o);

	if (n)
		__sync_fetch_and_add(n, 1);
	return o == ALLOWED || o == NOT_IPV4 ? XDP_PASS : XDP_DROP;
}

char _license[] SEC("license") = "Apache-2.0";
