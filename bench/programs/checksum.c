#include "program.h"

u64 checksum(u8 *memory, u64 size)
{
	u64 sum = 0;
	u8 *p;

	for (p = memory; p < memory + size; p += 2)
		sum += *(u16 *)p;
	sum = (sum & 0xffff) + (sum >> 16);
	sum += sum >> 16;
	return (sum ^ 0xffff) & 0xffff;
}
