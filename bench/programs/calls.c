#include "program.h"

/* Calls are what is measured, so they stay calls. */
static __attribute__((noinline)) u64 inner(u64 x)
{
	volatile u64 spilled = x;

	return x * 5 ^ spilled >> 3;
}

static __attribute__((noinline)) u64 outer(u64 i, u64 x)
{
	return inner(i ^ x) + i;
}

u64 calls(u8 *memory, u64 size)
{
	u64 x = 0;
	u64 i;

	HIDE(x);
	for (i = 1; i != 101; i++)
		x = outer(i, x);
	return x;
}
