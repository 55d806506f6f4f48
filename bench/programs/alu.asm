# A xorshift generator: 64-bit shifts, xors and adds only.
	r0 = 0x9e3779b97f4a7c15 ll
	r1 = 200
loop:
	r2 = r0
	r2 <<= 13
	r0 ^= r2
	r2 = r0
	r2 >>= 7
	r0 ^= r2
	r2 = r0
	r2 <<= 17
	r0 ^= r2
	r0 += r1
	r1 += -1
	if r1 != 0 goto loop
	exit
