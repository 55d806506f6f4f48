# r3 is how far the parser has come.
	r3 = 0
	r0 = 0
	r7 = r2
	r7 += -2                       # where a record can begin at most
loop:
	if r3 > r7 goto out
	r4 = r1
	r4 += r3
	r5 = *(u8 *)(r4 + 0)
	r6 = *(u8 *)(r4 + 1)
	r3 += 2
	r3 += r6
	if r3 > r2 goto out
	if r5 == 1 goto number
	if r5 != 2 goto loop
	if r6 != 2 goto loop
	r8 = r3
	r8 += -2
	if r8 > r7 goto out            # never; it bounds r8
	r4 = r1
	r4 += r8
	r5 = *(u16 *)(r4 + 0)
	r5 = be16 r5
	r0 ^= r5
	goto loop
number:
	if r6 != 4 goto loop
	r8 = r3
	r8 += -4
	if r8 > 183 goto out           # likewise: 187 bytes of input
	r4 = r1
	r4 += r8
	w5 = *(u32 *)(r4 + 0)
	r0 += r5
	goto loop
out:
	exit
