/*
 * sockredir: a router of messages between local sockets.
 *
 * A message begins with a header. If its session is known, the message goes into what
 * the session's socket receives; else it is sent through the socket of its service,
 * which may open the session. Service 0 is the router itself: it receives the message
 * as if there were no program. Every message that goes on has one hop less to go.
 */
#include "bpf.h"

struct message {
	u8 version;
	u8 hops; /* how often it may still go on */
	u8 service;
	u8 zero;
	u32 session; /* any bytes; a key of `sessions` */
};

enum { MAP_SOCKMAP = 15, MAP_SOCKHASH = 18 };
enum { SK_DROP = 0, SK_PASS = 1 }; /* what the program returns, and helpers that redirect */
enum { TO_INGRESS = 1 };           /* into what a socket receives, not into what it sends */
enum outcome { LOCAL, SESSION, SERVICE, NO_TARGET, EXPIRED, MALFORMED, OUTCOMES };

struct count {
	u64 messages, bytes;
};

static long (*const sk_redirect_map)(void *skb, void *sockmap, u32 index, u64 flags) = (void *)52;
static long (*const sk_redirect_hash)(void *skb, void *sockhash, void *key, u64 flags) = (void *)72;

MAP(sessions, MAP_SOCKHASH, 8, u32, u64);
MAP(services, MAP_SOCKMAP, 4, u32, u64);
MAP(outcomes, MAP_ARRAY, OUTCOMES, u32, struct count);

static NOINLINE int finish(u32 outcome, u32 bytes)
{
	struct count *c = map_lookup(&outcomes, &outcome);

	if (c) {
		__sync_fetch_and_add(&c->messages, 1);
		__sync_fetch_and_add(&c->bytes, bytes);
	}
	return outcome <= SERVICE ? SK_PASS : SK_DROP;
}

SEC("sk_skb/stream_verdict") int sockredir(struct __sk_buff *skb)
{
	void *end = (void *)(long)skb->data_end;
	struct message *m = (void *)(long)skb->data;
	u32 session;

	if ((void *)(m + 1) > end || m->version != 1 || m->zero)
		return finish(MALFORMED, skb->len);
	if (!m->service)
		return finish(LOCAL, skb->len);
	if (!m->hops)
		return finish(EXPIRED, skb->len);
	m->hops--;
	session = m->session;
	if (sk_redirect_hash(skb, &sessions, &session, TO_INGRESS) == SK_PASS)
		return finish(SESSION, skb->len);
	if (sk_redirect_map(skb, &services, m->service, 0) == SK_PASS)
		return finish(SERVICE, skb->len);
	return finish(NO_TARGET, skb->len);
}

char _license[] SEC("license") = "Apache-2.0";
