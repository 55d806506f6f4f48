/*
 * pipeline: a packet goes through stages, each a program of its own, by tail calls.
 *
 *	pipeline ─▶ walk ─▶ … ─▶ walk ─▶ classify ─▶ (police) ─▶ account ─▶ verdict
 *
 * walk takes one IPv6 extension header (RFC 8200, section 4) and calls itself for the next.
 * Nobody has put a program into the slot of police: that call falls through, and
 * classify goes on to account. Stages share nothing but the maps: what one has found out is
 * handed to the next in a per-CPU array.
 *
 * A kernel ends a chain of 33 tail calls: a packet with so many headers is dropped.
 */
#include "packet.h"

enum { MAP_PERCPU_ARRAY = 6 };
enum stage { WALK, CLASSIFY, POLICE, ACCOUNT, VERDICT, STAGES };
enum class { ORDINARY, NOT_IP, MALFORMED, CLASSES = 8 }; /* and those that user space knows */

/* Protocols that are IPv6 extension headers. */
enum { HOP_BY_HOP = 0, ROUTING = 43, FRAGMENT = 44, AUTHENTICATION = 51, DESTINATION = 60 };

struct state {
	u32 at; /* where the next header is */
	u32 protocol;
	u32 class;
	u32 headers; /* IPv6 extension headers so far */
	u32 fragment; /* not the first: there are no ports */
	u32 zero;
	u64 bytes;
};

struct service {
	u16 port; /* as in the packet */
	u8 protocol;
	u8 zero;
};

struct account {
	u64 packets, bytes, headers;
};

int walk(struct xdp_md *ctx);
int classify(struct xdp_md *ctx);
int account(struct xdp_md *ctx);
int verdict(struct xdp_md *ctx);

struct {
	int (*type)[MAP_PROG_ARRAY];
	int (*max_entries)[STAGES];
	u32 *key;
	int (*values[])(struct xdp_md *);
} stages SEC(".maps") = {
	.values = { [WALK] = walk, [CLASSIFY] = classify, [ACCOUNT] = account, [VERDICT] = verdict },
};

MAP(states, MAP_PERCPU_ARRAY, 1, u32, struct state);
MAP(services, MAP_HASH, 32, struct service, u32); /* the value is a class */
MAP(accounts, MAP_PERCPU_ARRAY, CLASSES, u32, struct account);
MAP(verdicts, MAP_ARRAY, CLASSES, u32, u32);
MAP(missed, MAP_PERCPU_ARRAY, STAGES, u32, u64); /* calls that fell through */

INLINE struct state *state_of_packet(void)
{
	u32 zero = 0;

	return map_lookup(&states, &zero);
}

/* Comes back only if there is no such stage, or no more call is allowed. */
INLINE int enter(struct xdp_md *ctx, u32 stage)
{
	u64 *n;

	tail_call(ctx, &stages, stage);
	n = map_lookup(&missed, &stage);
	if (n)
		(*n)++;
	return XDP_DROP;
}

INLINE int give_up(struct xdp_md *ctx, struct state *s, enum class class)
{
	s->class = class;
	return enter(ctx, ACCOUNT);
}

/* Where the next header is, if `size` bytes of it are there. */
INLINE void *header(struct xdp_md *ctx, struct state *s, u32 size)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	u32 at = s->at;

	if (at > 2048)
		return 0;
	data += at;
	return data + size > end ? 0 : data;
}

SEC("xdp") int walk(struct xdp_md *ctx)
{
	struct state *s = state_of_packet();
	u32 size = 8;
	u8 *next;

	if (!s)
		return XDP_ABORTED;
	switch (s->protocol) {
	case HOP_BY_HOP:
	case ROUTING:
	case DESTINATION:
	case AUTHENTICATION:
	case FRAGMENT:
		break;
	default:
		return enter(ctx, CLASSIFY);
	}
	next = header(ctx, s, 8);
	if (!next)
		return give_up(ctx, s, MALFORMED);
	if (s->protocol == AUTHENTICATION)
		size = (next[1] + 2) * 4;
	else if (s->protocol != FRAGMENT)
		size = (next[1] + 1) * 8;
	else if (NET16(*(u16 *)(next + 2)) >> 3)
		s->fragment = 1;
	s->protocol = next[0];
	s->at += size;
	s->headers++;
	return enter(ctx, WALK);
}

SEC("xdp") int classify(struct xdp_md *ctx)
{
	struct state *s = state_of_packet();
	struct service service = {};
	u32 *class;

	if (!s)
		return XDP_ABORTED;
	service.protocol = s->protocol;
	if ((s->protocol == PROTO_TCP || s->protocol == PROTO_UDP) && !s->fragment) {
		u16 *port = header(ctx, s, 4);

		if (!port)
			return give_up(ctx, s, MALFORMED);
		service.port = port[1];
	}
	class = map_lookup(&services, &service);
	s->class = class ? *class : ORDINARY;
	enter(ctx, POLICE);
	return enter(ctx, ACCOUNT);
}

SEC("xdp") int account(struct xdp_md *ctx)
{
	struct state *s = state_of_packet();
	struct account *a;

	if (!s)
		return XDP_ABORTED;
	a = map_lookup(&accounts, &s->class);
	if (a) {
		a->packets++;
		a->bytes += s->bytes;
		a->headers += s->headers;
	}
	return enter(ctx, VERDICT);
}

SEC("xdp") int verdict(struct xdp_md *ctx)
{
	struct state *s = state_of_packet();
	u32 *action;

	if (!s)
		return XDP_ABORTED;
	action = map_lookup(&verdicts, &s->class);
	return action && *action <= XDP_TX ? *action : XDP_ABORTED; /* for a class that there is not, too */
}

SEC("xdp") int pipeline(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end, *next;
	struct state *s = state_of_packet();
	u16 type;

	if (!s)
		return XDP_ABORTED;
	__builtin_memset(s, 0, sizeof(*s));
	s->bytes = end - data;
	next = ethernet_payload(data, end, &type);
	if (!next)
		return give_up(ctx, s, MALFORMED);
	if (type == ETH_IPV4) {
		struct ipv4 *ip = next;

		if ((void *)(ip + 1) > end || ip->version_ihl < 0x45)
			return give_up(ctx, s, MALFORMED);
		s->at = next - data + (ip->version_ihl & 15) * 4;
		s->protocol = ip->protocol;
		s->fragment = (NET16(ip->frag) & FRAG_OFFSET) != 0;
		return enter(ctx, CLASSIFY);
	}
	if (type == ETH_IPV6) {
		struct ipv6 *ip = next;

		if ((void *)(ip + 1) > end)
			return give_up(ctx, s, MALFORMED);
		s->at = next + sizeof(*ip) - data;
		s->protocol = ip->next;
		return enter(ctx, WALK);
	}
	return give_up(ctx, s, NOT_IP);
}

char _license[] SEC("license") = "Apache-2.0";
