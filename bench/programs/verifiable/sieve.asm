	r4 = r1
	r3 = r2
wipe:
	*(u64 *)(r4 + 0) = 0
	r4 += 8
	r3 += -8
	if r3 != 0 goto wipe
	r0 = 0
	r4 = 2
number:
	r5 = r1
	r5 += r4
	r6 = *(u8 *)(r5 + 0)
	if r6 != 0 goto next
	r0 += 1
	r3 = r4
strike:
	r5 += r4
	r3 += r4
	if r3 >= r2 goto next
	*(u8 *)(r5 + 0) = 1
	goto strike
next:
	r4 += 1
	if r4 < r2 goto number
	exit
