/*
 * cgroup: what the processes of a control group may say to whom.
 *
 * Two programs: `egress` lets a packet out if a policy covers its destination, the
 * longest prefix first, and if the policy's budget has bytes left; it gives the packet
 * the policy's mark. `ingress` lets in what comes from a peer that was written to.
 *
 * Packets begin with the IPv4 header. What is not IPv4 stays where it is.
 */
#include "bpf.h"

/*
 * A trie's value may stand right behind the bytes of its key. Eight of those keep it
 * aligned, as the atomic operations on it want it.
 */
struct prefix {
	u32 bits;
	u32 addr; /* as in the packet */
	u32 zero;
};

struct policy {
	u64 left;   /* bytes that may still go out */
	u64 denied; /* packets for which they did not suffice */
	u32 mark;
	u32 zero;
};

struct peer {
	u64 sent, received; /* packets */
};

/* Reads from the packet, and clears the bytes where it is too short. */
static long (*const skb_load_bytes)(const void *skb, u32 offset, void *to, u32 len) = (void *)26;

enum { MAP_LPM_TRIE = 11, NO_PREALLOC = 1 };
enum outcome { PASSED, NO_POLICY, NO_BUDGET, NO_ROOM, STRANGER, NOT_IPV4, OUTCOMES };

struct {
	int (*type)[MAP_LPM_TRIE];
	int (*max_entries)[16];
	int (*map_flags)[NO_PREALLOC];
	struct prefix *key;
	struct policy *value;
} policies SEC(".maps");

MAP(peers, MAP_HASH, 4, u32, struct peer);
MAP(outcomes, MAP_ARRAY, OUTCOMES, u32, u64);

static NOINLINE int finish(u32 outcome)
{
	u64 *n = map_lookup(&outcomes, &outcome);

	if (n)
		__sync_fetch_and_add(n, 1);
	return outcome == PASSED;
}

/*
 * Copies the IPv4 header, if that is what the packet begins with. Pointers into the
 * packet would do as well, but not in a test run of Linux 6.12 and before.
 */
INLINE int header(struct __sk_buff *skb, struct ipv4 *ip)
{
	if (skb->protocol != NET16(ETH_IPV4) || skb_load_bytes(skb, 0, ip, sizeof(*ip)))
		return 0;
	return ip->version_ihl >> 4 == 4;
}

/* Takes n bytes out of a budget. */
static NOINLINE int spend(struct policy *p, u64 n)
{
	if (!p)
		return 0;
	for (int tries = 0; tries < 4; tries++) {
		u64 left = *(volatile u64 *)&p->left;

		if (left < n)
			break;
		if (__sync_val_compare_and_swap(&p->left, left, left - n) == left)
			return 1;
	}
	__sync_fetch_and_add(&p->denied, 1);
	return 0;
}

static NOINLINE int remember(u32 addr)
{
	struct peer new = { .sent = 1 }, *peer = map_lookup(&peers, &addr);

	if (!peer) {
		if (!map_update(&peers, &addr, &new, BPF_NOEXIST))
			return 1;
		peer = map_lookup(&peers, &addr); /* another CPU may have been quicker */
	}
	if (!peer)
		return 0;
	__sync_fetch_and_add(&peer->sent, 1);
	return 1;
}

SEC("cgroup_skb/egress") int egress(struct __sk_buff *skb)
{
	struct policy *policy;
	struct prefix to;
	struct ipv4 ip;

	if (!header(skb, &ip))
		return finish(NOT_IPV4);
	to.bits = 32;
	to.addr = ip.daddr;
	to.zero = 0;
	policy = map_lookup(&policies, &to);
	if (!policy)
		return finish(NO_POLICY);
	if (!spend(policy, skb->len))
		return finish(NO_BUDGET);
	if (!remember(to.addr))
		return finish(NO_ROOM);
	skb->mark = policy->mark;
	return finish(PASSED);
}

SEC("cgroup_skb/ingress") int ingress(struct __sk_buff *skb)
{
	struct peer *peer;
	struct ipv4 ip;
	u32 from;

	if (!header(skb, &ip))
		return finish(NOT_IPV4);
	from = ip.saddr;
	peer = map_lookup(&peers, &from);
	if (!peer)
		return finish(STRANGER);
	__sync_fetch_and_add(&peer->received, 1);
	return finish(PASSED);
}

char _license[] SEC("license") = "Apache-2.0";
