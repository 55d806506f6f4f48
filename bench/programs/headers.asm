# Twenty frames of 64 bytes: Ethernet, IPv4, UDP. Those to port 53 count; r0 is the
# sum of their UDP lengths, and in the upper half how many they are.
	r8 = r1
	r9 = r1
	r9 += r2
	r0 = 0
frame:
	r2 = r8
	r2 += 14
	if r2 > r9 goto out
	r3 = *(u8 *)(r8 + 12)
	r4 = *(u8 *)(r8 + 13)
	r4 <<= 8
	r4 |= r3
	if r4 != 8 goto skip           # not IPv4
	r3 = r8
	r3 += 34
	if r3 > r9 goto out
	r4 = *(u8 *)(r2 + 0)
	r5 = r4
	r5 &= 0xf0
	if r5 != 0x40 goto skip
	r4 &= 15
	r4 <<= 2
	if r4 < 20 goto skip
	r5 = *(u8 *)(r2 + 9)
	if r5 != 17 goto skip          # not UDP
	r2 += r4
	r3 = r2
	r3 += 8
	if r3 > r9 goto out
	r5 = *(u16 *)(r2 + 2)
	r5 = be16 r5
	if r5 != 53 goto skip
	r5 = *(u16 *)(r2 + 4)
	r5 = be16 r5
	r0 += r5
	r6 = 1
	r6 <<= 32
	r0 += r6
skip:
	r8 += 64
	if r8 < r9 goto frame
out:
	exit
