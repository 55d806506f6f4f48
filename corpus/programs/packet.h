/*
 * packet.h: headers of the internet's protocols, and the arithmetic of their checksum.
 */
#pragma once
#include "bpf.h"

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define NET32(x) __builtin_bswap32(x)
#else
#define NET32(x) (x)
#endif

enum { ETH_IPV6 = 0x86dd };

struct ipv6 {
	u32 version_class_flow; /* 4, 8 and 20 bits */
	u16 payload_len;
	u8 next; /* protocol of what follows */
	u8 hop_limit;
	u32 saddr[4], daddr[4];
};

struct tcp {
	u16 sport, dport;
	u32 seq, ack;
	u8 offset; /* the upper 4 bits: length of the header in 32-bit words */
	u8 flags;
	u16 window;
	u16 checksum;
	u16 urgent;
};

enum { TCP_FIN = 1, TCP_SYN = 2, TCP_RST = 4, TCP_ACK = 16 };

struct udp {
	u16 sport, dport;
	u16 len; /* header and payload */
	u16 checksum;
};

/* The 13 bits of ipv4.frag that say where in the whole packet a fragment belongs. */
#define FRAG_OFFSET 0x1fff

/* What follows Ethernet's header and up to two VLAN tags, or null; its type. */
INLINE inline void *ethernet_payload(void *data, void *end, u16 *type)
{
	struct eth *eth = data;
	void *next = eth + 1;

	if (next > end)
		return 0;
	*type = NET16(eth->type);
#pragma unroll
	for (int tags = 0; tags < 2; tags++) {
		if (*type != ETH_VLAN && *type != ETH_QINQ)
			break;
		if (next + 4 > end)
			return 0;
		*type = NET16(*(u16 *)(next + 2));
		next += 4;
	}
	return next;
}

/*
 * The checksum after a 16-bit word of what it covers has changed (RFC 1624, equation 3).
 * All three are as in the packet: the sum does not mind the byte order.
 */
INLINE inline u16 replace16(u16 checksum, u16 old, u16 new)
{
	u32 sum = (u16)~checksum + (u16)~old + new;

	sum = (sum & 0xffff) + (sum >> 16);
	return ~((sum & 0xffff) + (sum >> 16));
}

INLINE inline u16 replace32(u16 checksum, u32 old, u32 new)
{
	return replace16(replace16(checksum, old, new), old >> 16, new >> 16);
}

/* In UDP a checksum of 0 means that there is none, and 0xffff stands for 0 (RFC 768). */
INLINE inline u16 udp_checksum(u16 checksum)
{
	return checksum ? checksum : 0xffff;
}
