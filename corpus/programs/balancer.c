/*
 * balancer: spread the connections of a service over backends.
 *
 * A service is an address, a port and a protocol. A packet for it goes to the backend that
 * its connection went to before; a new connection goes where a consistent hash of its
 * flow points: `ring` has a backend's number in each slot, and user space, when it takes a
 * backend out, changes the slots of that one only.
 *
 * The packet gets the backend's MAC and IP address as its destination, the checksums
 * follow, and it is sent back out of the interface it came from.
 */
#include "packet.h"

enum { MAP_LRU_HASH = 9 };
enum { RING = 61, BACKENDS = 16 }; /* a prime, and not a small one, in earnest */

/* As in the packet; padding has to be 0, for a key is all of its bytes. */
struct service {
	u32 addr;
	u16 port;
	u8 protocol;
	u8 zero;
};

struct flow {
	u32 saddr, daddr;
	u16 sport, dport;
	u8 protocol;
	u8 zero[3];
};

enum { FLOW_BYTES = 13 }; /* without the padding */

struct backend {
	u32 addr; /* 0: there is none */
	u8 mac[6];
	u8 zero[6];
	u64 packets, connections;
};

enum outcome { SENT, NOT_OURS, NO_BACKEND, MALFORMED, OUTCOMES };

MAP(services, MAP_HASH, 16, struct service, u64); /* the value counts packets */
MAP(ring, MAP_ARRAY, RING, u32, u32);
MAP(backends, MAP_ARRAY, BACKENDS, u32, struct backend);
MAP(connections, MAP_LRU_HASH, 1024, struct flow, u32);
MAP(outcomes, MAP_ARRAY, OUTCOMES, u32, u64);

/* The hash of Fowler, Noll and Vo, variant 1a, in 32 bits. */
static NOINLINE u32 fnv1a(const struct flow *flow)
{
	const u8 *byte = (const void *)flow;
	u32 hash = 0x811c9dc5;

	for (u32 i = 0; i < FLOW_BYTES; i++)
		hash = (hash ^ byte[i]) * 0x01000193;
	return hash;
}

INLINE struct backend *backend_at(u32 number)
{
	struct backend *b = map_lookup(&backends, &number);

	return b && b->addr ? b : 0;
}

/* The backend of a connection; a new one is remembered. */
static NOINLINE struct backend *choose(const struct flow *flow)
{
	u32 *number = map_lookup(&connections, flow), slot;
	struct backend *b;

	if (number && (b = backend_at(*number)))
		return b;
	slot = fnv1a(flow) % RING;
	number = map_lookup(&ring, &slot);
	if (!number || !(b = backend_at(*number)))
		return 0;
	map_update(&connections, flow, number, BPF_ANY);
	__sync_fetch_and_add(&b->connections, 1);
	return b;
}

INLINE void send_to(struct backend *b, struct eth *eth, struct ipv4 *ip, u16 *checksum)
{
	__builtin_memcpy(eth->src, eth->dst, sizeof(eth->src));
	__builtin_memcpy(eth->dst, b->mac, sizeof(eth->dst));
	ip->checksum = replace32(ip->checksum, ip->daddr, b->addr);
	if (ip->protocol == PROTO_TCP)
		*checksum = replace32(*checksum, ip->daddr, b->addr);
	else if (*checksum)
		*checksum = udp_checksum(replace32(*checksum, ip->daddr, b->addr));
	ip->daddr = b->addr;
	__sync_fetch_and_add(&b->packets, 1);
}

INLINE enum outcome balance(void *data, void *end)
{
	struct eth *eth = data;
	struct ipv4 *ip = (void *)(eth + 1);
	struct tcp *tcp = (void *)(ip + 1);
	struct udp *udp = (void *)(ip + 1);
	struct service service = {};
	struct flow flow = {};
	struct backend *b;
	u64 *packets;

	if ((void *)(eth + 1) > end)
		return MALFORMED;
	if (NET16(eth->type) != ETH_IPV4)
		return NOT_OURS;
	if ((void *)(ip + 1) > end)
		return MALFORMED;
	/* Options are rare enough for the slow path, and fragments need a memory. */
	if (ip->version_ihl != 0x45 || NET16(ip->frag) & (FRAG_OFFSET | 0x2000))
		return NOT_OURS;
	if (ip->protocol != PROTO_TCP && ip->protocol != PROTO_UDP)
		return NOT_OURS;
	if ((void *)(udp + 1) > end || (ip->protocol == PROTO_TCP && (void *)(tcp + 1) > end))
		return MALFORMED;

	service.addr = ip->daddr;
	service.port = udp->dport;
	service.protocol = ip->protocol;
	packets = map_lookup(&services, &service);
	if (!packets)
		return NOT_OURS;
	__sync_fetch_and_add(packets, 1);

	flow.saddr = ip->saddr;
	flow.daddr = ip->daddr;
	flow.sport = udp->sport;
	flow.dport = udp->dport;
	flow.protocol = ip->protocol;
	b = choose(&flow);
	if (!b)
		return NO_BACKEND;
	if (ip->protocol == PROTO_UDP)
		send_to(b, eth, ip, &udp->checksum);
	else if ((void *)(tcp + 1) <= end)
		send_to(b, eth, ip, &tcp->checksum);
	return SENT;
}

SEC("xdp") int balancer(struct xdp_md *ctx)
{
	u32 o = balance((void *)(long)ctx->data, (void *)(long)ctx->data_end);
	u64 *n = map_lookup(&outcomes, &o);

	if (n)
		__sync_fetch_and_add(n, 1);
	switch (o) {
	case SENT:
		return XDP_TX;
	case NOT_OURS:
		return XDP_PASS;
	}
	return XDP_DROP;
}

char _license[] SEC("license") = "Apache-2.0";
