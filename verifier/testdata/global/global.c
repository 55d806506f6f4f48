/* Global functions: verified by themselves, by their prototypes. The names of programs that are to be
 * refused begin with bad. clang -O2 -g -mcpu=v3 -target bpf -c global.c -o global.o */
typedef unsigned int u32;
typedef unsigned long u64;
#define SEC(name) __attribute__((section(name), used))
#define noinline __attribute__((noinline))
#define arg_ctx __attribute__((btf_decl_tag("arg:ctx")))
#define nonnull __attribute__((btf_decl_tag("arg:nonnull")))

struct __sk_buff { u32 len; u32 pkt_type; };
struct pair { u32 a, b; };
struct opaque;

char licence[] SEC("license") = "GPL";
volatile int sink;

/* a pointer may be null until the function has looked */
noinline int sum(struct pair *p) { if (!p) return 0; return p->a + p->b; }
noinline int unchecked(struct pair *p) { return p->a + p->b; }
noinline int promised(struct pair *p nonnull) { return p->a + p->b; }
noinline int beyond(struct pair *p) { if (!p) return 0; return ((u32 *)p)[2]; }
noinline int writes(struct pair *p) { if (!p) return 0; p->a = 1; return 0; }
noinline int length(struct __sk_buff *skb) { return skb->len; }
noinline int tagged(void *ctx arg_ctx) { return ((struct __sk_buff *)ctx)->len; }
noinline int unsized(struct opaque *o) { return o != 0; }
noinline int twice(int n) { return n * 2 + sink; }
noinline u64 wide(u64 n) { return n + sink; }
noinline void nothing(int n) { sink = n; }
noinline int deeper(struct pair *p) { return sum(p) + twice(3); }
noinline int picked(struct pair *p, u32 n) { if (!p) return 0; return ((u32 *)p)[n]; }
noinline int bounded(struct pair *p, u32 n) { if (!p) return 0; return ((u32 *)p)[n & 1]; }

SEC("socket") int ok_sum(struct __sk_buff *skb) { struct pair p = {skb->len, 1}; return sum(&p); }
SEC("socket") int ok_null(struct __sk_buff *skb) { return sum(0); }
SEC("socket") int bad_unchecked(struct __sk_buff *skb) { struct pair p = {skb->len, 1}; return unchecked(&p); }
SEC("socket") int ok_promised(struct __sk_buff *skb) { struct pair p = {skb->len, 1}; return promised(&p); }
SEC("socket") int bad_beyond(struct __sk_buff *skb) { struct pair p = {skb->len, 1}; return beyond(&p); }
SEC("socket") int ok_writes(struct __sk_buff *skb) { struct pair p = {skb->len, 1}; return writes(&p); }
SEC("socket") int ok_context(struct __sk_buff *skb) { return length(skb); }
SEC("socket") int bad_context(struct __sk_buff *skb) { struct pair p = {1, 1}; return length((void *)&p); }
SEC("socket") int ok_tagged(struct __sk_buff *skb) { return tagged(skb); }
SEC("socket") int bad_small(struct __sk_buff *skb) { u32 one = skb->len; return sum((void *)&one); }
SEC("socket") int bad_unsized(struct __sk_buff *skb) { return unsized((void *)skb); }
SEC("socket") int bad_number(struct __sk_buff *skb) { return twice((int)(u64)skb) + wide((u64)skb); }
SEC("socket") int bad_void(struct __sk_buff *skb) { nothing(skb->len); return 0; }
SEC("socket") int ok_deeper(struct __sk_buff *skb) { struct pair p = {skb->len, 1}; return deeper(&p); }
SEC("socket") int bad_constant(struct __sk_buff *skb) { struct pair p = {skb->len, 1}; return picked(&p, 1); }
SEC("socket") int ok_constant(struct __sk_buff *skb) { struct pair p = {skb->len, 1}; return bounded(&p, 8); }
SEC("socket") int bad_result(struct __sk_buff *skb) { struct pair p = {skb->len, 1}; return ((u32 *)&p)[twice(0) & 3]; }
