# Division and remainder, signed and unsigned, of both widths.
	r0 = 0
	r1 = 1
	r2 = 0x123456789abcdef1 ll
loop:
	r3 = r2
	r3 /= r1
	r0 += r3
	r3 = r2
	r3 %= r1
	r0 ^= r3
	w3 = w2
	w3 /= 7
	r0 += r3
	w3 = w2
	w3 %= w1
	r0 ^= r3
	r3 = r2
	r3 s/= -3
	r0 += r3
	r2 *= 0x5851f42d
	r2 += r1
	r1 += 1
	if r1 != 101 goto loop
	exit
