# The Internet checksum (RFC 1071) over the input memory, of even length.
	r3 = r1
	r3 += r2
	r0 = 0
loop:
	r4 = *(u16 *)(r1 + 0)
	r0 += r4
	r1 += 2
	if r1 < r3 goto loop
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
