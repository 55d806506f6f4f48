#include "program.h"

u64 matmul(u8 *memory, u64 size)
{
	u32 (*a)[16] = (void *)memory, (*b)[16] = a + 16, (*c)[16] = b + 16;
	u64 sum = 0;
	int row, column, k;

	for (row = 0; row < 16; row++)
		for (column = 0; column < 16; column++) {
			u32 cell = 0;

			for (k = 0; k < 16; k++)
				cell += a[row][k] * b[k][column];
			c[row][column] = cell;
			sum = sum * 31 + cell;
		}
	return sum;
}
