/*
 * checksum: verify the IPv4 header checksum, and mend it where it is wrong.
 *
 * The checksum is the one's complement of the one's complement sum of the header's
 * 16-bit words (RFC 791, RFC 1071). Over a header that includes its own correct
 * checksum the sum is 0xffff.
 */
#include "bpf.h"

enum verdict { GOOD, MENDED, MALFORMED, NOT_IPV4, VERDICTS };

MAP(verdicts, MAP_ARRAY, VERDICTS, u32, u64);

/* Two rounds bring every sum of 32 bits down to 16. */
static u16 fold(u32 sum)
{
	sum = (sum & 0xffff) + (sum >> 16);
	return (sum & 0xffff) + (sum >> 16);
}

INLINE enum verdict mend(void *data, void *end)
{
	struct eth *eth = data;
	struct ipv4 *ip = (void *)(eth + 1);
	u16 *word = (void *)ip;
	u32 words, sum = 0;

	if ((void *)(eth + 1) > end)
		return MALFORMED;
	if (NET16(eth->type) != ETH_IPV4)
		return NOT_IPV4;
	if ((void *)(ip + 1) > end)
		return MALFORMED;
	words = (ip->version_ihl & 15) * 2;
	if (words < 10)
		return MALFORMED;

	/* 15 * 4 bytes is the longest header. Byte order does not matter to the sum. */
	for (u32 i = 0; i < 30 && i < words; i++, word++) {
		OPAQUE(word);
		if ((void *)(word + 1) > end)
			return MALFORMED;
		sum += *word;
	}
	if (fold(sum) == 0xffff)
		return GOOD;

	/* Take the wrong checksum out of the sum: subtracting is adding the complement. */
	sum = fold(sum) + (u16)~ip->checksum;
	ip->checksum = ~fold(sum);
	return MENDED;
}

SEC("tc") int checksum(struct __sk_buff *skb)
{
	u32 v = mend((void *)(long)skb->data, (void *)(long)skb->data_end);
	u64 *n = map_lookup(&verdicts, &v);

	if (n)
		(*n)++;
	return v == MALFORMED ? TC_ACT_SHOT : TC_ACT_OK;
}

char _license[] SEC("license") = "Apache-2.0";
