	r0 = 0xcbf29ce484222325 ll
	r4 = 0x100000001b3 ll
loop:
	r5 = *(u8 *)(r1 + 0)
	r0 ^= r5
	r0 *= r4
	r1 += 1
	r2 += -1
	if r2 != 0 goto loop
	exit
