	r0 = 0
	r2 = 0                         # row times 64
row:
	r3 = 0                         # column times 4
column:
	r4 = r1
	r4 += r2                       # &a[row][0]
	r5 = r1
	r5 += 1024
	r5 += r3                       # &b[0][column]
	w6 = 0
	r7 = 16
cell:
	w8 = *(u32 *)(r4 + 0)
	w9 = *(u32 *)(r5 + 0)
	w8 *= w9
	w6 += w8
	r5 += 64
	r4 += 4
	r7 += -1
	if r7 != 0 goto cell
	r4 = r1
	r4 += 2048
	r4 += r2
	r4 += r3
	*(u32 *)(r4 + 0) = w6
	r0 *= 31
	r0 += r6
	r3 += 4
	if r3 != 64 goto column
	r2 += 64
	if r2 != 1024 goto row
	exit
