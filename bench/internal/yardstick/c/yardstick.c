/*
 * A plain interpreter of eBPF with computed gotos: what a C compiler makes of the
 * usual design. It checks nothing, counts nothing and knows no more than the
 * benchmarks need. See doc.go for what it reads and prints.
 */
#define _GNU_SOURCE
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int32_t s32;
typedef int64_t s64;

struct slot { u8 op, regs; int16_t off; s32 imm; };
struct insn { const void *handler; u8 dst, src; int16_t off; s32 imm; };
struct map { u32 value_size, max_entries; u8 *values; };
struct frame { const struct insn *ret; u64 saved[5]; };

static struct slot *slots;
static struct insn *code;
static struct map *maps;
static u32 nslots, nmaps;

/* Helpers 1, 2 and 181, on array maps. */
static u64 run(const struct insn *entry, u64 r1, u64 r2, const void ***table);

static u64 lookup(u64 m, u64 key)
{
	struct map *x = (struct map *)m;
	u32 i = *(u32 *)key;
	return i < x->max_entries ? (u64)(x->values + (u64)i * x->value_size) : 0;
}

static u64 update(u64 m, u64 key, u64 value, u64 flags)
{
	u64 to = lookup(m, key);
	if (flags > 2)
		return -22;
	if (!to)
		return -7;
	if (flags == 1)
		return -17;
	memcpy((void *)to, (void *)value, ((struct map *)m)->value_size);
	return 0;
}

static u64 loop(u64 nr, u64 callback, u64 ctx)
{
	u64 i;
	for (i = 0; i < nr; i++)
		if (run((const struct insn *)callback, i, ctx, NULL))
			return i + 1;
	return i;
}

#define ALU(F) F(ADD, 0x00, +) F(SUB, 0x10, -) F(MUL, 0x20, *) F(OR, 0x40, |) F(AND, 0x50, &) F(XOR, 0xa0, ^)
#define JUMPS(F) F(JEQ, 0x10, u, ==) F(JGT, 0x20, u, >) F(JGE, 0x30, u, >=) F(JSET, 0x40, u, &) F(JNE, 0x50, u, !=) \
	F(JSGT, 0x60, s, >) F(JSGE, 0x70, s, >=) F(JLT, 0xa0, u, <) F(JLE, 0xb0, u, <=) F(JSLT, 0xc0, s, <) F(JSLE, 0xd0, s, <=)
#define MEM(F) F(B, 0x10, u8) F(H, 0x08, u16) F(W, 0x00, u32) F(DW, 0x18, u64)

/* With table set, run only gives it the handlers: by opcode, then those of the odd forms. */
enum { SDIV64K = 256, SDIV64X, SMOD64K, SMOD64X, BE16, BE32, BE64, CALL_LOCAL, CALL_LOOKUP, CALL_UPDATE, CALL_LOOP, BAD, NHANDLERS };

static u64 run(const struct insn *ip, u64 r1, u64 r2, const void ***table)
{
#define L_ALU(N, C, OP) [0x04 | C] = &&N##32K, [0x0c | C] = &&N##32X, [0x07 | C] = &&N##64K, [0x0f | C] = &&N##64X,
#define L_JMP(N, C, S, OP) [0x05 | C] = &&N##64K, [0x0d | C] = &&N##64X, [0x06 | C] = &&N##32K, [0x0e | C] = &&N##32X,
#define L_MEM(N, C, T) [0x61 | C] = &&LDX##N, [0x62 | C] = &&ST##N, [0x63 | C] = &&STX##N,
	static const void *handlers[NHANDLERS] = {
		ALU(L_ALU) L_ALU(DIV, 0x30, /) L_ALU(MOD, 0x90, %) L_ALU(LSH, 0x60, <<) L_ALU(RSH, 0x70, >>) L_ALU(ARSH, 0xc0, >>) L_ALU(MOV, 0xb0, =)
		JUMPS(L_JMP) MEM(L_MEM)
		[0x84] = &&NEG32, [0x87] = &&NEG64, [0x18] = &&LDDW, [0x05] = &&JA, [0x95] = &&EXIT,
		[SDIV64K] = &&SDIV_64K, [SDIV64X] = &&SDIV_64X, [SMOD64K] = &&SMOD_64K, [SMOD64X] = &&SMOD_64X,
		[BE16] = &&SWAP16, [BE32] = &&SWAP32, [BE64] = &&SWAP64,
		[CALL_LOCAL] = &&LOCAL, [CALL_LOOKUP] = &&LOOKUP, [CALL_UPDATE] = &&UPDATE, [CALL_LOOP] = &&LOOP, [BAD] = &&WRONG,
	};
	if (table) {
		*table = handlers;
		return 0;
	}

	u64 stack[8][64];
	struct frame frames[8];
	int depth = 0;
	u64 r[11];
	r[1] = r1;
	r[2] = r2;
	r[10] = (u64)&stack[1][0];

#define DST r[ip->dst]
#define SRC r[ip->src]
#define IMM ((u64)(s64)ip->imm)
#define NEXT do { ip++; goto *ip->handler; } while (0)
	goto *ip->handler;

#define D_ALU(N, C, OP) \
	N##64K: DST = DST OP IMM; NEXT; \
	N##64X: DST = DST OP SRC; NEXT; \
	N##32K: DST = (u32)DST OP (u32)ip->imm; DST = (u32)DST; NEXT; \
	N##32X: DST = (u32)DST OP (u32)SRC; DST = (u32)DST; NEXT;
	ALU(D_ALU)

DIV64K:	DST /= IMM; NEXT;
DIV64X:	DST = SRC ? DST / SRC : 0; NEXT;
DIV32K:	DST = (u32)DST / (u32)ip->imm; NEXT;
DIV32X:	DST = (u32)SRC ? (u32)DST / (u32)SRC : 0; NEXT;
MOD64K:	DST %= IMM; NEXT;
MOD64X:	DST = SRC ? DST % SRC : DST; NEXT;
MOD32K:	DST = (u32)DST % (u32)ip->imm; NEXT;
MOD32X:	DST = (u32)SRC ? (u32)DST % (u32)SRC : (u32)DST; NEXT;
SDIV_64K: DST = ip->imm == -1 ? -DST : (u64)((s64)DST / ip->imm); NEXT;
SDIV_64X: DST = !SRC ? 0 : SRC == -1ull ? -DST : (u64)((s64)DST / (s64)SRC); NEXT;
SMOD_64K: DST = ip->imm == -1 ? 0 : (u64)((s64)DST % ip->imm); NEXT;
SMOD_64X: DST = !SRC ? DST : SRC == -1ull ? 0 : (u64)((s64)DST % (s64)SRC); NEXT;
LSH64K:	DST <<= ip->imm; NEXT;
LSH64X:	DST <<= SRC & 63; NEXT;
LSH32K:	DST = (u32)DST << ip->imm; NEXT;
LSH32X:	DST = (u32)DST << (SRC & 31); NEXT;
RSH64K:	DST >>= ip->imm; NEXT;
RSH64X:	DST >>= SRC & 63; NEXT;
RSH32K:	DST = (u32)DST >> ip->imm; NEXT;
RSH32X:	DST = (u32)DST >> (SRC & 31); NEXT;
ARSH64K: DST = (s64)DST >> ip->imm; NEXT;
ARSH64X: DST = (s64)DST >> (SRC & 63); NEXT;
ARSH32K: DST = (u32)((s32)DST >> ip->imm); NEXT;
ARSH32X: DST = (u32)((s32)DST >> (SRC & 31)); NEXT;
MOV64K:	DST = IMM; NEXT;
MOV64X:	DST = SRC; NEXT;
MOV32K:	DST = (u32)ip->imm; NEXT;
MOV32X:	DST = (u32)SRC; NEXT;
NEG64:	DST = -DST; NEXT;
NEG32:	DST = -(u32)DST; NEXT;
SWAP16:	DST = __builtin_bswap16(DST); NEXT;
SWAP32:	DST = __builtin_bswap32(DST); NEXT;
SWAP64:	DST = __builtin_bswap64(DST); NEXT;
LDDW:	DST = (u32)ip->imm | (u64)(u32)ip[1].imm << 32; ip++; NEXT;

#define D_JMP(N, C, S, OP) \
	N##64K: if ((S##64)DST OP (S##64)IMM) ip += ip->off; NEXT; \
	N##64X: if ((S##64)DST OP (S##64)SRC) ip += ip->off; NEXT; \
	N##32K: if ((S##32)DST OP (S##32)ip->imm) ip += ip->off; NEXT; \
	N##32X: if ((S##32)DST OP (S##32)SRC) ip += ip->off; NEXT;
	JUMPS(D_JMP)
JA:	ip += ip->off; NEXT;

#define D_MEM(N, C, T) \
	LDX##N: DST = *(T *)(SRC + ip->off); NEXT; \
	ST##N: *(T *)(DST + ip->off) = ip->imm; NEXT; \
	STX##N: *(T *)(DST + ip->off) = SRC; NEXT;
	MEM(D_MEM)

LOCAL:
	frames[++depth].ret = ip;
	memcpy(frames[depth].saved, r + 6, sizeof frames[depth].saved);
	r[10] = (u64)&stack[depth + 1][0];
	ip += ip->imm;
	NEXT;
EXIT:
	if (!depth)
		return r[0];
	ip = frames[depth].ret;
	memcpy(r + 6, frames[depth--].saved, sizeof frames[0].saved);
	NEXT;
LOOKUP:	r[0] = lookup(r[1], r[2]); NEXT;
UPDATE:	r[0] = update(r[1], r[2], r[3], r[4]); NEXT;
LOOP:	r[0] = loop(r[1], r[2], r[3]); NEXT;
WRONG:
	fprintf(stderr, "yardstick: slot %ld is not supported\n", (long)(ip - code));
	exit(1);
}

static void need(void *p, size_t n)
{
	if (n && fread(p, n, 1, stdin) != 1)
		exit(2);
}

static u32 number(void)
{
	u32 v;
	need(&v, sizeof v);
	return v;
}

/* handler chooses by opcode, and by source, offset or width where that does not do. */
static int handler(const struct slot *s)
{
	int src = s->regs >> 4;
	switch (s->op) {
	case 0x37: return s->off ? SDIV64K : s->op;
	case 0x3f: return s->off ? SDIV64X : s->op;
	case 0x97: return s->off ? SMOD64K : s->op;
	case 0x9f: return s->off ? SMOD64X : s->op;
	case 0x34: case 0x3c: case 0x94: case 0x9c: case 0xbc: case 0xbf:
		return s->off ? BAD : s->op;
	case 0xdc: return s->imm == 16 ? BE16 : s->imm == 32 ? BE32 : BE64;
	case 0x85:
		if (src == 1)
			return CALL_LOCAL;
		return s->imm == 1 ? CALL_LOOKUP : s->imm == 2 ? CALL_UPDATE : s->imm == 181 ? CALL_LOOP : BAD;
	}
	return s->op;
}

int main(void)
{
	const void **handlers;
	u8 *memory;
	u32 length, i;

	run(NULL, 0, 0, &handlers);
	nslots = number();
	slots = calloc(nslots, sizeof *slots);
	code = calloc(nslots, sizeof *code);
	need(slots, nslots * sizeof *slots);
	length = number();
	memory = calloc(length + 8, 1);
	need(memory, length);
	nmaps = number();
	maps = calloc(nmaps + 1, sizeof *maps);
	for (i = 0; i < nmaps; i++) {
		maps[i].value_size = number();
		maps[i].max_entries = number();
		maps[i].values = calloc(maps[i].max_entries, maps[i].value_size);
	}
	for (i = 0; i < nslots; i++) {
		const struct slot *s = &slots[i];
		const void *h = handlers[handler(s)];
		code[i] = (struct insn){ h ? h : handlers[BAD], s->regs & 15, s->regs >> 4, s->off, s->imm };
		if (s->op == 0x18) {
			u64 v = (u32)s->imm | (u64)(u32)s[1].imm << 32;
			if (s->regs >> 4 == 1)
				v = (u64)&maps[s->imm];
			if (s->regs >> 4 == 4)
				v = (u64)&code[i + 1 + s->imm];
			code[i].imm = (s32)v;
			code[++i].imm = (s32)(v >> 32);
		}
	}
	for (;;) {
		struct timespec from, to;
		u64 r0 = 0;
		u32 n;
		if (fread(&n, sizeof n, 1, stdin) != 1)
			return 0;
		clock_gettime(CLOCK_THREAD_CPUTIME_ID, &from);
		while (n--)
			r0 = run(code, (u64)memory, length, NULL);
		clock_gettime(CLOCK_THREAD_CPUTIME_ID, &to);
		printf("%llu %lld\n", (unsigned long long)r0,
		       (to.tv_sec - from.tv_sec) * 1000000000ll + (to.tv_nsec - from.tv_nsec));
		fflush(stdout);
	}
}
