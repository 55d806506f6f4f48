/*
 * dns: answer queries for blocked names on the spot.
 *
 * A query's name is read label by label (RFC 1035, section 4.1.2), its letters made small,
 * and looked up in `names`. If it is there, the query itself is turned into a reply without
 * records: addresses and ports change places, the flags say that it is a reply, and
 * with which code. It leaves by the interface it came in.
 */
#include "packet.h"

enum { NAME = 64, LABEL = 63, DNS_PORT = 53 };

/* As in a packet, lengths included, in small letters; zeros behind the last label. */
struct name {
	u8 byte[NAME];
};

struct rule {
	u64 code; /* what to answer: 3 there is no such name, 5 refused */
	u64 answers;
};

struct dns {
	u16 id, flags;
	u16 questions, answers, authorities, additional;
};

/* Of dns.flags. */
enum { REPLY = 0x8000, OPCODE = 0x7800, RECURSION_DESIRED = 0x0100, CHECKING_DISABLED = 0x0010 };

enum outcome { ANSWERED, UNLISTED, TOO_LONG, NOT_A_QUERY, MALFORMED, OUTCOMES };

MAP(names, MAP_HASH, 64, struct name, struct rule);
MAP(outcomes, MAP_ARRAY, OUTCOMES, u32, u64);

INLINE u8 small(u8 c)
{
	return c >= 'A' && c <= 'Z' ? c + 'a' - 'A' : c;
}

/* Reads the name at p, in a message with `room` bytes from there. Behind it a type and a class belong. */
INLINE enum outcome read_name(u8 *p, u32 room, void *end, struct name *name)
{
	u32 left = 0; /* bytes of the label still to come */

	for (u32 i = 0; i < NAME; i++, p++) {
		u8 c;

		OPAQUE(p);
		if ((void *)(p + 1) > end || i >= room)
			return MALFORMED;
		c = *p;
		if (left) {
			left--;
			name->byte[i] = small(c);
			continue;
		}
		if (!c)
			return (void *)(p + 5) > end || i + 5 > room ? MALFORMED : ANSWERED;
		if (c > LABEL) /* a pointer: the first name has nothing to point to */
			return MALFORMED;
		left = c;
		name->byte[i] = c;
	}
	return TOO_LONG;
}

INLINE void swap_macs(struct eth *eth)
{
	u8 mac[6];

	__builtin_memcpy(mac, eth->dst, 6);
	__builtin_memcpy(eth->dst, eth->src, 6);
	__builtin_memcpy(eth->src, mac, 6);
}

/* Two words that change places do not change a checksum. */
INLINE void answer(struct eth *eth, struct ipv4 *ip, struct udp *udp, struct dns *dns, u16 code)
{
	u16 *ttl = (void *)&ip->ttl, old = *ttl;
	u32 addr = ip->saddr;
	u16 port = udp->sport, flags = dns->flags;

	swap_macs(eth);
	ip->saddr = ip->daddr;
	ip->daddr = addr;
	ip->ttl = 64;
	ip->checksum = replace16(ip->checksum, old, *ttl);

	udp->sport = udp->dport;
	udp->dport = port;
	dns->flags = NET16(REPLY | code) | (flags & NET16(RECURSION_DESIRED | CHECKING_DISABLED));
	if (udp->checksum)
		udp->checksum = udp_checksum(replace16(udp->checksum, flags, dns->flags));
}

INLINE enum outcome serve(void *data, void *end)
{
	struct eth *eth = data;
	struct ipv4 *ip = (void *)(eth + 1);
	struct udp *udp = (void *)(ip + 1);
	struct dns *dns = (void *)(udp + 1);
	struct name name = {};
	struct rule *rule;
	enum outcome o;
	u32 len;

	if ((void *)(ip + 1) > end || NET16(eth->type) != ETH_IPV4 || ip->version_ihl != 0x45)
		return NOT_A_QUERY;
	if (ip->protocol != PROTO_UDP || NET16(ip->frag) & (FRAG_OFFSET | 0x2000))
		return NOT_A_QUERY;
	if ((void *)(udp + 1) > end)
		return MALFORMED;
	if (udp->dport != NET16(DNS_PORT))
		return NOT_A_QUERY;
	len = NET16(udp->len);
	if ((void *)(dns + 1) > end || len < sizeof(*udp) + sizeof(*dns))
		return MALFORMED;
	if (dns->flags & NET16(REPLY | OPCODE) || dns->questions != NET16(1) || dns->answers || dns->authorities)
		return NOT_A_QUERY;

	o = read_name((void *)(dns + 1), len - sizeof(*udp) - sizeof(*dns), end, &name);
	if (o != ANSWERED)
		return o;
	rule = map_lookup(&names, &name);
	if (!rule)
		return UNLISTED;
	__sync_fetch_and_add(&rule->answers, 1);
	answer(eth, ip, udp, dns, rule->code & 15);
	return ANSWERED;
}

SEC("xdp") int dns(struct xdp_md *ctx)
{
	u32 o = serve((void *)(long)ctx->data, (void *)(long)ctx->data_end);
	u64 *n = map_lookup(&outcomes, &o);

	if (n)
		__sync_fetch_and_add(n, 1);
	switch (o) {
	case ANSWERED:
		return XDP_TX;
	case MALFORMED:
		return XDP_DROP;
	}
	return XDP_PASS;
}

char _license[] SEC("license") = "Apache-2.0";
