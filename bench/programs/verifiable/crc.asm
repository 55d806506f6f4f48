	r3 = 64
	w0 = -1
	w5 = 0xedb88320
byte:
	r4 = *(u8 *)(r1 + 0)
	w0 ^= w4
	w6 = 8
bit:
	w4 = w0
	w4 &= 1
	w4 = -w4
	w4 &= w5
	w0 >>= 1
	w0 ^= w4
	w6 += -1
	if w6 != 0 goto bit
	r1 += 1
	r3 += -1
	if r3 != 0 goto byte
	w0 ^= -1
	exit
