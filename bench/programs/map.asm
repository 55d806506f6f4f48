# For 64 keys of an array: update the value through the helper, look it up, change
# it in place.
	r6 = 0
	r7 = 0
	r9 = map[values]
loop:
	*(u32 *)(r10 - 4) = w6
	r1 = r6
	r1 *= r6
	*(u64 *)(r10 - 16) = r1
	r1 = r9
	r2 = r10
	r2 += -4
	r3 = r10
	r3 += -16
	r4 = 0
	call 2
	r1 = r9
	r2 = r10
	r2 += -4
	call 1
	if r0 == 0 goto out
	r1 = *(u64 *)(r0 + 0)
	r7 += r1
	*(u64 *)(r0 + 0) = r7
	r6 += 1
	if r6 != 64 goto loop
out:
	r0 = r7
	exit
