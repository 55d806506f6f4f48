#include "program.h"

u64 tlv(u8 *memory, u64 size)
{
	u8 *p = memory, *end = memory + size;
	u64 sum = 0;

	while (p + 2 <= end) {
		u8 type = p[0], length = p[1];
		u8 *value = p + 2;

		p = value + length;
		if (p > end)
			break;
		if (type == 1 && length == 4)
			sum += *(u32 *)value;
		else if (type == 2 && length == 2)
			sum ^= __builtin_bswap16(*(u16 *)value);
	}
	return sum;
}
