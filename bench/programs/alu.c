#include "program.h"

u64 alu(u8 *memory, u64 size)
{
	u64 x = 0x9e3779b97f4a7c15;
	u64 i;

	HIDE(x);
	for (i = 200; i; i--) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		x += i;
	}
	return x;
}
