/* unready: programs that can be read and not run: they need what only a kernel has. */
#include "bpf.h"

enum { MAP_RINGBUF = 27 };

struct {
	int (*type)[MAP_RINGBUF];
	int (*max_entries)[4096];
} events SEC(".maps");

struct task {
	int pid;
} __attribute__((preserve_access_index));

extern int kernel_function(int) __attribute__((section(".ksyms")));
extern void kernel_symbol __attribute__((section(".ksyms")));
extern int elsewhere(int);

SEC("xdp") int core(struct task *t)
{
	return t->pid;
}

SEC("xdp") int kfunc(void *ctx)
{
	return kernel_function(1);
}

SEC("xdp") int ksym(void *ctx)
{
	return (long)&kernel_symbol;
}

SEC("xdp") int undefined(void *ctx)
{
	return elsewhere(1);
}

SEC("kprobe/do_exit") int probe(void *ctx)
{
	return 0;
}

SEC("nonsense") int odd(void *ctx)
{
	return 0;
}

SEC("xdp") int ring(void *ctx)
{
	return map_lookup(&events, ctx) != 0;
}

char _license[] SEC("license") = "GPL";
