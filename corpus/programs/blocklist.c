/*
 * blocklist: drop what comes from, or goes to, a listed network.
 *
 * Networks are entries of two longest-prefix-match tries, one for IPv4 and one for IPv6.
 * An entry blocks, or allows: so a network can be blocked but for a part of it. The source
 * is looked up first; the destination only if no entry holds the source. What an
 * entry decides is counted under the number that it has.
 */
#include "packet.h"

enum { MAP_LPM_TRIE = 11, BPF_F_NO_PREALLOC = 1 };

/* A network: how many bits of the address count, and the address as in the packet. */
struct net4 {
	u32 bits, addr;
};

struct net6 {
	u32 bits, addr[4];
};

struct rule {
	u32 allow;
	u32 number;
};

/*
 * Not a part of the rule: in Linux the value of a trie need not lie at a multiple of 8, and
 * where it does not an atomic addition of 64 bits faults on some processors.
 */
struct count {
	u64 packets, bytes;
};

enum { RULES = 64 };
enum outcome { UNLISTED, ALLOWED, BLOCKED, MALFORMED, NOT_IP, OUTCOMES };

#define TRIE(name, net)                              \
	struct {                                     \
		int (*type)[MAP_LPM_TRIE];           \
		int (*map_flags)[BPF_F_NO_PREALLOC]; \
		int (*max_entries)[RULES];           \
		net *key;                            \
		struct rule *value;                  \
	} name SEC(".maps")

TRIE(nets4, struct net4);
TRIE(nets6, struct net6);
MAP(counts, MAP_ARRAY, RULES, u32, struct count);
MAP(outcomes, MAP_ARRAY, OUTCOMES, u32, u64);

INLINE enum outcome decide(struct rule *rule, u64 bytes)
{
	struct count *c;

	if (!rule)
		return UNLISTED;
	c = map_lookup(&counts, &rule->number);
	if (c) {
		__sync_fetch_and_add(&c->packets, 1);
		__sync_fetch_and_add(&c->bytes, bytes);
	}
	return rule->allow ? ALLOWED : BLOCKED;
}

static NOINLINE enum outcome judge4(u32 addr, u64 bytes)
{
	struct net4 host = { 32, addr };

	return decide(map_lookup(&nets4, &host), bytes);
}

static NOINLINE enum outcome judge6(const u32 *addr, u64 bytes)
{
	struct net6 host = { 128, { addr[0], addr[1], addr[2], addr[3] } };

	return decide(map_lookup(&nets6, &host), bytes);
}

INLINE enum outcome judge(void *data, void *end)
{
	u64 bytes = end - data;
	enum outcome o;
	u16 type;
	void *next = ethernet_payload(data, end, &type);

	if (!next)
		return MALFORMED;
	if (type == ETH_IPV4) {
		struct ipv4 *ip = next;

		if ((void *)(ip + 1) > end || ip->version_ihl >> 4 != 4)
			return MALFORMED;
		o = judge4(ip->saddr, bytes);
		return o == UNLISTED ? judge4(ip->daddr, bytes) : o;
	}
	if (type == ETH_IPV6) {
		struct ipv6 *ip = next;

		if ((void *)(ip + 1) > end || *(u8 *)ip >> 4 != 6)
			return MALFORMED;
		o = judge6(ip->saddr, bytes);
		return o == UNLISTED ? judge6(ip->daddr, bytes) : o;
	}
	return NOT_IP;
}

SEC("xdp") int blocklist(struct xdp_md *ctx)
{
	u32 o = judge((void *)(long)ctx->data, (void *)(long)ctx->data_end);
	u64 *n = map_lookup(&outcomes, &o);

	if (n)
		__sync_fetch_and_add(n, 1);
	return o == BLOCKED || o == MALFORMED ? XDP_DROP : XDP_PASS;
}

char _license[] SEC("license") = "Apache-2.0";
