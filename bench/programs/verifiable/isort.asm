	r1 = r10
	r1 += -256
	r2 = r1
	w3 = 12345
	r6 = 32
fill:
	w3 *= 1103515245
	w3 += 12345
	r4 = r3
	r4 >>= 16
	r4 &= 0x7fff
	*(u64 *)(r2 + 0) = r4
	r2 += 8
	r6 += -1
	if r6 != 0 goto fill
	r2 = r1
	r2 += 8
	r6 = 1
outer:
	r3 = *(u64 *)(r2 + 0)
	r4 = r2
	r7 = r6
inner:
	r5 = *(u64 *)(r4 - 8)
	if r5 <= r3 goto place
	*(u64 *)(r4 + 0) = r5
	r4 += -8
	r7 += -1
	if r7 != 0 goto inner
place:
	*(u64 *)(r4 + 0) = r3
	r2 += 8
	r6 += 1
	if r6 != 32 goto outer
	r0 = 0
	r6 = 32
fold:
	r3 = *(u64 *)(r1 + 0)
	r0 *= 31
	r0 += r3
	r1 += 8
	r6 += -1
	if r6 != 0 goto fold
	exit
