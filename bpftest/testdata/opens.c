/*
 * opens: who opens which file, and how long that takes.
 *
 * The context is struct pt_regs of x86-64; nothing of it is relocated, so that the
 * object needs no kernel's BTF.
 */
#include "bpf.h"

enum { MAP_RINGBUF = 27, NAME = 64 };

static long (*const map_delete)(void *map, const void *key) = (void *)3;
static u64 (*const ktime)(void) = (void *)5;
static u64 (*const pid_tgid)(void) = (void *)14;
static long (*const comm)(void *buf, u32 size) = (void *)16;
static long (*const user_str)(void *dst, u32 size, const void *src) = (void *)114;
static long (*const ringbuf_output)(void *ringbuf, void *data, u64 size, u64 flags) = (void *)130;

struct regs {
	u64 r15, r14, r13, r12, bp, bx, r11, r10, r9, r8, ax, cx, dx, si, di, orig_ax, ip, cs, flags, sp, ss;
};

struct open {
	u64 ns;
	u32 pid;
	int fd;
	char comm[16];
	char name[NAME];
};

MAP(started, MAP_HASH, 1024, u32, struct open);

struct {
	int (*type)[MAP_RINGBUF];
	int (*max_entries)[4096];
} opens SEC(".maps");

const volatile u32 only; /* a process; 0: all */

u64 failed;

SEC("kprobe/do_sys_openat2") int enter(struct regs *ctx)
{
	struct open o = {};
	u64 id = pid_tgid();
	u32 thread = id;

	o.pid = id >> 32;
	if (only && only != o.pid)
		return 0;
	comm(o.comm, sizeof(o.comm));
	user_str(o.name, sizeof(o.name), (void *)ctx->si);
	o.ns = ktime();
	map_update(&started, &thread, &o, BPF_ANY);
	return 0;
}

SEC("kretprobe/do_sys_openat2") int leave(struct regs *ctx)
{
	u32 thread = pid_tgid();
	struct open *o = map_lookup(&started, &thread);

	if (!o)
		return 0;
	o->ns = ktime() - o->ns;
	o->fd = ctx->ax;
	if (o->fd < 0)
		__sync_fetch_and_add(&failed, 1);
	ringbuf_output(&opens, o, sizeof(*o), 0);
	map_delete(&started, &thread);
	return 0;
}

char _license[] SEC("license") = "GPL";
