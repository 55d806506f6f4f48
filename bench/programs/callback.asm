# bpf_loop with a callback that adds to its context.
	*(u64 *)(r10 - 8) = 0
	r1 = 100
	r2 = func body
	r3 = r10
	r3 += -8
	r4 = 0
	call 181
	r1 = *(u64 *)(r10 - 8)
	r0 += r1
	exit
body:
	r3 = *(u64 *)(r2 + 0)
	r4 = r1
	r4 *= 3
	r3 += r4
	r3 ^= r1
	*(u64 *)(r2 + 0) = r3
	r0 = 0
	exit
