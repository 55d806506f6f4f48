#include "program.h"

u64 fnv(u8 *memory, u64 size)
{
	u64 hash = 0xcbf29ce484222325;
	u8 *p;

	for (p = memory; p != memory + size; p++)
		hash = (hash ^ *p) * 0x100000001b3;
	return hash;
}
