/*
 * bpf.h: the least that an eBPF program in C needs.
 *
 * Layouts and numbers are those of Linux's include/uapi/linux/bpf.h; only what
 * the programs here use is declared.
 */
#pragma once

typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long long u64;
typedef signed long long s64;

/* A section's name tells a loader the type of the program in it. */
#define SEC(name) __attribute__((section(name), used))
#define NOINLINE __attribute__((noinline))
#define INLINE static __attribute__((always_inline))

/*
 * A verifier follows one comparison at a time. OPAQUE keeps clang from reasoning
 * about x, and so from folding a packet check into arithmetic that no verifier follows.
 */
#define OPAQUE(x) asm volatile("" : "+r"(x))

/*
 * A map is a struct of null pointers. A loader never follows them: it reads the
 * types that they point to from the object's BTF. A number is the length of an array.
 */
#define MAP(name, kind, entries, key_type, value_type) \
	struct {                                       \
		int (*type)[kind];                     \
		int (*max_entries)[entries];           \
		key_type *key;                         \
		value_type *value;                     \
	} name SEC(".maps")

enum { MAP_HASH = 1, MAP_ARRAY = 2, MAP_PROG_ARRAY = 3 };
enum { BPF_ANY = 0, BPF_NOEXIST = 1, BPF_EXIST = 2 };

/* A helper is called by its number; clang emits `call 1` for map_lookup. */
static void *(*const map_lookup)(void *map, const void *key) = (void *)1;
static long (*const map_update)(void *map, const void *key, const void *value, u64 flags) = (void *)2;
static long (*const tail_call)(void *ctx, void *prog_array, u32 index) = (void *)12;
static long (*const loop)(u32 times, void *callback, void *arg, u64 flags) = (void *)181;

/* Context of an XDP program. data and data_end become pointers when loaded. */
struct xdp_md {
	u32 data;
	u32 data_end;
	u32 data_meta;
	u32 ingress_ifindex;
	u32 rx_queue_index;
	u32 egress_ifindex;
};

enum { XDP_ABORTED, XDP_DROP, XDP_PASS, XDP_TX, XDP_REDIRECT };

/* Context of a traffic-control program, up to the fields used here. */
struct __sk_buff {
	u32 len, pkt_type, mark, queue_mapping, protocol;
	u32 vlan_present, vlan_tci, vlan_proto, priority;
	u32 ingress_ifindex, ifindex, tc_index;
	u32 cb[5];
	u32 hash, tc_classid;
	u32 data;
	u32 data_end;
};

enum { TC_ACT_OK = 0, TC_ACT_SHOT = 2 };

/* Numbers in packets are big-endian. */
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define NET16(x) __builtin_bswap16(x)
#else
#define NET16(x) (x)
#endif

enum { ETH_IPV4 = 0x0800, ETH_VLAN = 0x8100, ETH_QINQ = 0x88a8 };
enum { PROTO_TCP = 6, PROTO_UDP = 17 };

struct eth {
	u8 dst[6], src[6];
	u16 type;
};

struct ipv4 {
	u8 version_ihl; /* 4 bits each; ihl counts 32-bit words */
	u8 tos;
	u16 total_len; /* header and payload, in bytes */
	u16 id;
	u16 frag; /* 3 bits of flags, 13 of offset */
	u8 ttl;
	u8 protocol;
	u16 checksum;
	u32 saddr, daddr;
};
