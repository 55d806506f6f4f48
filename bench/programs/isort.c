#include "program.h"

u64 isort(u8 *memory, u64 size)
{
	u64 a[32], sum = 0;
	u32 x = 12345;
	u64 *p, *q;

	HIDE(x);
	for (p = a; p < a + 32; p++) {
		x = x * 1103515245 + 12345;
		*p = x >> 16 & 0x7fff;
	}
	for (p = a + 1; p < a + 32; p++) {
		u64 v = *p;

		for (q = p; q > a && q[-1] > v; q--)
			*q = q[-1];
		*q = v;
	}
	for (p = a; p < a + 32; p++)
		sum = sum * 31 + *p;
	return sum;
}
