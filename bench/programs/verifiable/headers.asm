# A frame has 64 bytes in all, so that no header reaches beyond it.
	r8 = r1
	r7 = r2
	r0 = 0
frame:
	r3 = *(u8 *)(r8 + 12)
	r4 = *(u8 *)(r8 + 13)
	r4 <<= 8
	r4 |= r3
	if r4 != 8 goto skip           # not IPv4
	r4 = *(u8 *)(r8 + 14)
	r5 = r4
	r5 &= 0xf0
	if r5 != 0x40 goto skip
	r4 &= 15
	r4 <<= 2
	if r4 < 20 goto skip
	r5 = *(u8 *)(r8 + 23)
	if r5 != 17 goto skip          # not UDP
	if r4 > 42 goto skip
	r2 = r8
	r2 += r4
	r5 = *(u16 *)(r2 + 16)
	r5 = be16 r5
	if r5 != 53 goto skip
	r5 = *(u16 *)(r2 + 18)
	r5 = be16 r5
	r0 += r5
	r6 = 1
	r6 <<= 32
	r0 += r6
skip:
	r8 += 64
	r7 += -64
	if r7 != 0 goto frame
	exit
