/*
 * control: commands to a table, carried out where the table is.
 *
 * User space runs the program with a command as its context, and finds the answer
 * there afterwards. One call can touch many keys: by bpf(2) each would be a call.
 *
 * What helpers return is kept in an int, though they are declared to return a long:
 * errors of the map helpers have 32 bits before Linux 6.4, and so has that of bpf_loop
 * where the kernel writes the loop out.
 */
#include "bpf.h"

enum { GET, PUT, DELETE, SUM, MOVE, FILL, OPS };
enum { EINVAL = 22, ENOENT = 2 };

static long (*const map_delete)(void *map, const void *key) = (void *)3;

/* All but `op`, `key`, `to` and `n` is the answer; PUT and FILL read `value` too. */
struct command {
	u32 op;
	u32 key;
	u32 to; /* MOVE: the new key */
	u32 n;  /* SUM, FILL: how many keys, from `key` on */
	s64 status; /* 0, or an error number below it */
	u64 value;
	u32 done; /* SUM, FILL: how many keys were there, or written */
	u32 zero;
};

MAP(table, MAP_HASH, 8, u32, u64);
MAP(calls, MAP_ARRAY, OPS, u32, u64);

/* What a loop over keys works with. */
struct range {
	u64 value;
	u32 key, done;
	int status;
};

static long add_one(u32 i, void *arg)
{
	struct range *r = arg;
	u32 key = r->key + i;
	u64 *v = map_lookup(&table, &key);

	if (v) {
		r->value += *v;
		r->done++;
	}
	return 0;
}

/* Ends the loop when there is no more room. */
static long put_one(u32 i, void *arg)
{
	struct range *r = arg;
	u32 key = r->key + i;

	r->status = map_update(&table, &key, &r->value, BPF_ANY);
	if (r->status)
		return 1;
	r->value++;
	r->done++;
	return 0;
}

static NOINLINE int move(u32 from, u32 to)
{
	u64 *v = map_lookup(&table, &from), value;
	int status;

	if (!v)
		return -ENOENT;
	if (from == to)
		return 0;
	value = *v;
	status = map_delete(&table, &from);
	if (status)
		return status;
	return map_update(&table, &to, &value, BPF_ANY);
}

INLINE int over_range(struct command *c, u64 value, u32 op)
{
	struct range r = { .value = value, .key = c->key };
	int n = op == SUM ? loop(c->n, add_one, &r, 0) : loop(c->n, put_one, &r, 0);

	c->value = r.value;
	c->done = r.done;
	return n < 0 ? n : r.status;
}

INLINE int obey(struct command *c, u32 op)
{
	u32 key = c->key;
	u64 value = c->value, *v;

	switch (op) {
	case GET:
		v = map_lookup(&table, &key);
		if (!v)
			return -ENOENT;
		c->value = *v;
		return 0;
	case PUT:
		return map_update(&table, &key, &value, BPF_ANY);
	case DELETE:
		return map_delete(&table, &key);
	case MOVE:
		return move(key, c->to);
	case SUM:
		return over_range(c, 0, SUM);
	case FILL:
		return over_range(c, value, FILL);
	}
	return -EINVAL;
}

SEC("syscall") int control(struct command *c)
{
	u32 op = c->op;
	u64 *n = map_lookup(&calls, &op);

	if (n)
		__sync_fetch_and_add(n, 1);
	c->status = obey(c, op);
	return c->status != 0;
}

char _license[] SEC("license") = "Apache-2.0";
