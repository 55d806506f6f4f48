	r0 = 0
loop:
	r4 = *(u16 *)(r1 + 0)
	r0 += r4
	r1 += 2
	r2 += -2
	if r2 != 0 goto loop
	r4 = r0
	r4 >>= 16
	r0 &= 0xffff
	r0 += r4
	r4 = r0
	r4 >>= 16
	r0 += r4
	r0 ^= 0xffff
	r0 &= 0xffff
	exit
