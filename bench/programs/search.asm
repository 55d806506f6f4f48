# Binary search, among 256 sorted 32-bit numbers in the input memory, for each
# multiple of 1000 below 100000: r0 adds up the places of the first number not below.
	r0 = 0
	r2 = 0                         # what to look for
next:
	w3 = 0                         # first place that may be it
	w4 = 256                       # first place that cannot be
step:
	if w3 >= w4 goto found
	w5 = w3
	w5 += w4
	w5 >>= 1
	r6 = r5
	r6 <<= 2
	r7 = r1
	r7 += r6
	w6 = *(u32 *)(r7 + 0)
	if w6 < w2 goto above
	w4 = w5
	goto step
above:
	w5 += 1
	w3 = w5
	goto step
found:
	r0 += r3
	r2 += 1000
	if r2 s< 100000 goto next
	exit
