#include "program.h"

u64 divmod(u8 *memory, u64 size)
{
	u64 sum = 0, x = 0x123456789abcdef1;
	u64 i;

	HIDE(x);
	for (i = 1; i != 101; i++) {
		sum += x / i;
		sum ^= x % i;
		sum += (u32)x / 7;
		sum ^= (u32)x % (u32)i;
		sum += (s64)x / -3;
		x = x * 0x5851f42d + i;
	}
	return sum;
}
