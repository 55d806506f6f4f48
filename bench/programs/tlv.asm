# A parser of type-length-value records: type 1 is a 32-bit number to add up,
# type 2 a 16-bit number in network order to xor in; others are passed over.
	r3 = r1
	r3 += r2
	r0 = 0
loop:
	r4 = r1
	r4 += 2
	if r4 > r3 goto out
	r5 = *(u8 *)(r1 + 0)
	r6 = *(u8 *)(r1 + 1)
	r1 = r4
	r1 += r6
	if r1 > r3 goto out
	if r5 == 1 goto number
	if r5 != 2 goto loop
	if r6 != 2 goto loop
	r5 = *(u16 *)(r4 + 0)
	r5 = be16 r5
	r0 ^= r5
	goto loop
number:
	if r6 != 4 goto loop
	w5 = *(u32 *)(r4 + 0)
	r0 += r5
	goto loop
out:
	exit
