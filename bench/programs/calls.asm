# A loop that calls a function that calls another.
	r0 = 0
	r6 = 1
	r7 = 0
loop:
	r1 = r6
	r2 = r7
	call outer
	r7 = r0
	r6 += 1
	if r6 != 101 goto loop
	exit
outer:
	r6 = r1
	r1 ^= r2
	call inner
	r0 += r6
	exit
inner:
	*(u64 *)(r10 - 8) = r1
	r2 = *(u64 *)(r10 - 8)
	r2 >>= 3
	r0 = r1
	r0 *= 5
	r0 ^= r2
	exit
