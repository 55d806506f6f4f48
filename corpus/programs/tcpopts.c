/*
 * tcpopts: count TCP options by their kind, and clamp the maximum segment size.
 *
 * A tunnel leaves less room in a packet than the ends of a connection know of. So whoever
 * forwards their SYN lowers the MSS that it announces to what fits. Options are those of
 * RFC 9293, section 3.2: a kind, and but for two kinds a length that includes
 * both bytes. What contradicts itself is dropped.
 */
#include "packet.h"

enum { EOL = 0, NOP = 1, MSS = 2, KINDS = 256, MSS_LENGTH = 4 };

/* What `outcomes` counts: packets, and each MSS that was clamped. */
enum outcome { WHOLE, NOT_TCP, MALFORMED, CLAMPED, OUTCOMES };

MAP(kinds, MAP_ARRAY, KINDS, u32, u64);
MAP(outcomes, MAP_ARRAY, OUTCOMES, u32, u64);

/* A loader may replace it before it loads the program. */
const volatile u32 largest_mss = 1360;

/* Inlined: where there are calls, older verifiers keep every number exact, and walk has too many states then. */
INLINE void count(void *map, u32 index)
{
	u64 *n = map_lookup(map, &index);

	if (n)
		__sync_fetch_and_add(n, 1);
}

/*
 * Writes the MSS at `value`, and mends the checksum. Behind an odd number of bytes the
 * value is not a word of the sum: its bytes are halves of two, and count the other way round.
 */
INLINE void clamp(struct tcp *tcp, u8 *value, u32 at)
{
	u16 old = value[0] << 8 | value[1], new = largest_mss;

	value[0] = new >> 8;
	value[1] = new;
	if (at & 1) {
		old = __builtin_bswap16(old);
		new = __builtin_bswap16(new);
	}
	tcp->checksum = replace16(tcp->checksum, NET16(old), NET16(new));
	count(&outcomes, CLAMPED);
}

/*
 * Looks at every option of a header of `length` bytes. It goes byte by byte and passes over
 * the rest of an option: a verifier so meets one offset a round, and not all
 * that lengths could add up to.
 */
INLINE enum outcome walk(struct tcp *tcp, u32 length, void *end)
{
	u32 rest = 0; /* bytes of the option still to come */

	OPAQUE(length); /* or clang drops the comparison with 60, by which older verifiers see an end */
	for (u32 at = sizeof(*tcp); at < 60; at++) {
		u8 *option = (void *)tcp + at;

		if (at >= length)
			break;
		OPAQUE(option);
		if ((void *)(option + 1) > end)
			return MALFORMED;
		if (rest) {
			rest--;
			continue;
		}
		count(&kinds, option[0]);
		if (option[0] == EOL)
			break;
		if (option[0] == NOP)
			continue;
		if ((void *)(option + 2) > end || option[1] < 2 || at + option[1] > length)
			return MALFORMED;
		rest = option[1] - 1;
		if (option[0] != MSS)
			continue;
		if (option[1] != MSS_LENGTH || (void *)(option + MSS_LENGTH) > end)
			return MALFORMED;
		if (tcp->flags & TCP_SYN && (option[2] << 8 | option[3]) > largest_mss)
			clamp(tcp, option + 2, at + 2);
	}
	return WHOLE;
}

/* The TCP header behind IPv4 or IPv6, or null; *o says why there is none. */
INLINE struct tcp *find_tcp(void *data, void *end, enum outcome *o)
{
	u16 type;
	void *next = ethernet_payload(data, end, &type);

	*o = MALFORMED;
	if (!next)
		return 0;
	if (type == ETH_IPV4) {
		struct ipv4 *ip = next;

		if ((void *)(ip + 1) > end || ip->version_ihl < 0x45)
			return 0;
		*o = NOT_TCP;
		if (ip->protocol == PROTO_TCP && !(NET16(ip->frag) & FRAG_OFFSET))
			return next + (ip->version_ihl & 15) * 4;
		return 0;
	}
	if (type == ETH_IPV6) {
		struct ipv6 *ip = next;

		if ((void *)(ip + 1) > end)
			return 0;
		if (ip->next == PROTO_TCP)
			return (void *)(ip + 1);
	}
	*o = NOT_TCP;
	return 0;
}

INLINE enum outcome look(void *data, void *end)
{
	enum outcome o;
	struct tcp *tcp = find_tcp(data, end, &o);
	u32 length;

	if (!tcp)
		return o;
	if ((void *)(tcp + 1) > end)
		return MALFORMED;
	length = (tcp->offset >> 4) * 4;
	if (length < sizeof(*tcp) || (void *)tcp + length > end)
		return MALFORMED;
	return walk(tcp, length, end);
}

SEC("tc") int tcpopts(struct __sk_buff *skb)
{
	u32 o = look((void *)(long)skb->data, (void *)(long)skb->data_end);

	count(&outcomes, o);
	return o == MALFORMED ? TC_ACT_SHOT : TC_ACT_OK;
}

char _license[] SEC("license") = "Apache-2.0";
