#include "program.h"

u64 sieve(u8 *memory, u64 size)
{
	u64 primes = 0;
	u64 n;
	u8 *p;

	for (p = memory; p < memory + size; p += 8)
		*(u64 *)p = 0;
	for (n = 2; n < size; n++) {
		if (memory[n])
			continue;
		primes++;
		for (p = memory + 2 * n; p < memory + size; p += n)
			*p = 1;
	}
	return primes;
}
