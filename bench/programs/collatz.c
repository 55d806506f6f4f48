#include "program.h"

u64 collatz(u8 *memory, u64 size)
{
	u64 steps = 0;
	u64 n = 1, x;

	HIDE(n);
	for (; n != 31; n++)
		for (x = n; x != 1; steps++) {
			if (x & 1)
				x = 3 * x + 1;
			else
				x >>= 1;
		}
	return steps;
}
