/*
 * conntrack: let only those TCP segments through that belong to a connection.
 *
 * A connection begins with a SYN, and each segment moves it from state to state, or does
 * not fit and is dropped. The table is a simple one: it trusts flags and
 * looks at no sequence numbers. When a connection ends, by two FINs and an ACK or by an
 * RST, its entry goes and a record of it is put into the ring buffer `ended`.
 */
#include "packet.h"

enum { MAP_PERCPU_ARRAY = 6, MAP_RINGBUF = 27 };

static void *(*const ringbuf_reserve)(void *map, u64 size, u64 flags) = (void *)131;
static void (*const ringbuf_submit)(void *record, u64 flags) = (void *)132;
static long (*const map_delete)(void *map, const void *key) = (void *)3;

/* The two ends as in the packet, the lower one first: both directions have one key. */
struct ends {
	u32 addr[2];
	u16 port[2];
};

/* Who opens the connection is A, the other is B. */
enum state { NONE, SYN_SENT, SYN_RECEIVED, ESTABLISHED, A_CLOSED, B_CLOSED, BOTH_CLOSED, GONE, STATES };

struct connection {
	u32 state;
	u32 opener; /* which of the ends is A */
	u64 packets[2], bytes[2]; /* from A, from B */
};

struct record {
	struct ends ends;
	u32 opener;
	u32 last; /* state */
	u32 reset;
	u64 packets[2], bytes[2];
};

enum event { SYN, SYN_ACK, ACK, FIN, RST, EVENTS };

/* Where a segment leads to, by who sends it, what it is, and the state. NONE: it does not fit. */
static const u8 table[2][EVENTS][STATES] = {
	{ /* from A */
		[SYN] = { [NONE] = SYN_SENT, [SYN_SENT] = SYN_SENT, [SYN_RECEIVED] = SYN_RECEIVED },
		[ACK] = {
			[SYN_RECEIVED] = ESTABLISHED, [ESTABLISHED] = ESTABLISHED,
			[A_CLOSED] = A_CLOSED, [B_CLOSED] = B_CLOSED, [BOTH_CLOSED] = GONE,
		},
		[FIN] = {
			[SYN_RECEIVED] = A_CLOSED, [ESTABLISHED] = A_CLOSED,
			[A_CLOSED] = A_CLOSED, [B_CLOSED] = BOTH_CLOSED, [BOTH_CLOSED] = BOTH_CLOSED,
		},
		[RST] = {
			[SYN_SENT] = GONE, [SYN_RECEIVED] = GONE, [ESTABLISHED] = GONE,
			[A_CLOSED] = GONE, [B_CLOSED] = GONE, [BOTH_CLOSED] = GONE,
		},
	},
	{ /* from B */
		[SYN_ACK] = { [SYN_SENT] = SYN_RECEIVED, [SYN_RECEIVED] = SYN_RECEIVED, [ESTABLISHED] = ESTABLISHED },
		[ACK] = {
			[ESTABLISHED] = ESTABLISHED,
			[A_CLOSED] = A_CLOSED, [B_CLOSED] = B_CLOSED, [BOTH_CLOSED] = GONE,
		},
		[FIN] = {
			[ESTABLISHED] = B_CLOSED,
			[A_CLOSED] = BOTH_CLOSED, [B_CLOSED] = B_CLOSED, [BOTH_CLOSED] = BOTH_CLOSED,
		},
		[RST] = {
			[SYN_SENT] = GONE, [SYN_RECEIVED] = GONE, [ESTABLISHED] = GONE,
			[A_CLOSED] = GONE, [B_CLOSED] = GONE, [BOTH_CLOSED] = GONE,
		},
	},
};

enum outcome { OPENED, CONTINUED, CLOSED, MISFIT, TABLE_FULL, NOT_TCP, MALFORMED, OUTCOMES };

MAP(connections, MAP_HASH, 8, struct ends, struct connection);
MAP(outcomes, MAP_PERCPU_ARRAY, OUTCOMES, u32, u64);

struct {
	int (*type)[MAP_RINGBUF];
	int (*max_entries)[1 << 16]; /* bytes: pages, whatever their size */
} ended SEC(".maps");

u64 unrecorded; /* for want of room in the ring */

/* What a segment is by its flags, or EVENTS. */
INLINE enum event event_of(u8 flags)
{
	switch (flags & (TCP_SYN | TCP_FIN | TCP_RST)) {
	case TCP_SYN:
		return flags & TCP_ACK ? SYN_ACK : SYN;
	case TCP_FIN:
		return flags & TCP_ACK ? FIN : EVENTS;
	case TCP_RST:
		return RST;
	case 0:
		return flags & TCP_ACK ? ACK : EVENTS;
	}
	return EVENTS;
}

static NOINLINE void record(const struct ends *ends, const struct connection *c, u32 reset)
{
	struct record *r = ringbuf_reserve(&ended, sizeof(*r), 0);

	if (!r) {
		__sync_fetch_and_add(&unrecorded, 1);
		return;
	}
	r->ends = *ends;
	r->opener = c->opener;
	r->last = c->state;
	r->reset = reset;
	r->packets[0] = c->packets[0];
	r->packets[1] = c->packets[1];
	r->bytes[0] = c->bytes[0];
	r->bytes[1] = c->bytes[1];
	ringbuf_submit(r, 0);
}

static NOINLINE enum outcome track(const struct ends *ends, u32 sender, u32 event, u64 bytes)
{
	struct connection *c = map_lookup(&connections, ends);
	struct connection fresh = { .opener = sender };
	u32 back, next, state;

	if (!c) {
		if (event != SYN)
			return MISFIT;
		fresh.state = SYN_SENT;
		fresh.packets[0] = 1;
		fresh.bytes[0] = bytes;
		return map_update(&connections, ends, &fresh, BPF_NOEXIST) ? TABLE_FULL : OPENED;
	}
	state = c->state;
	back = sender != c->opener;
	if (event >= EVENTS || state >= STATES)
		return MISFIT;
	next = table[back][event][state];
	if (next == NONE)
		return MISFIT;
	if (back) { /* a constant index is easier on verifiers than a variable one */
		c->packets[1]++;
		c->bytes[1] += bytes;
	} else {
		c->packets[0]++;
		c->bytes[0] += bytes;
	}
	if (next == GONE) {
		record(ends, c, event == RST);
		map_delete(&connections, ends);
		return CLOSED;
	}
	c->state = next;
	return CONTINUED;
}

INLINE enum outcome judge(void *data, void *end)
{
	struct ends ends = {};
	u32 header, total, sender;
	struct ipv4 *ip;
	struct tcp *tcp;
	u16 type;
	void *next = ethernet_payload(data, end, &type);

	if (!next)
		return MALFORMED;
	if (type != ETH_IPV4)
		return NOT_TCP;
	ip = next;
	if ((void *)(ip + 1) > end)
		return MALFORMED;
	if (ip->protocol != PROTO_TCP)
		return NOT_TCP;
	header = (ip->version_ihl & 15) * 4;
	total = NET16(ip->total_len);
	OPAQUE(total);
	total &= 0xffff; /* older verifiers do not see that a swapped word is one */
	tcp = next + header;
	if (header < sizeof(*ip) || total < header + sizeof(*tcp) || next + total > end || NET16(ip->frag) & FRAG_OFFSET)
		return MALFORMED;
	OPAQUE(tcp);
	if ((void *)(tcp + 1) > end)
		return MALFORMED;

	sender = NET32(ip->saddr) > NET32(ip->daddr) ||
		 (ip->saddr == ip->daddr && NET16(tcp->sport) > NET16(tcp->dport));
	ends.addr[0] = sender ? ip->daddr : ip->saddr;
	ends.addr[1] = sender ? ip->saddr : ip->daddr;
	ends.port[0] = sender ? tcp->dport : tcp->sport;
	ends.port[1] = sender ? tcp->sport : tcp->dport;
	return track(&ends, sender, event_of(tcp->flags), total);
}

SEC("tc") int conntrack(struct __sk_buff *skb)
{
	u32 o = judge((void *)(long)skb->data, (void *)(long)skb->data_end);
	u64 *n = map_lookup(&outcomes, &o);

	if (n)
		(*n)++;
	return o == MISFIT || o == TABLE_FULL || o == MALFORMED ? TC_ACT_SHOT : TC_ACT_OK;
}

char _license[] SEC("license") = "Apache-2.0";
