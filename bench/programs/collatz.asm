# The lengths of the Collatz sequences of 1 to 30, added up.
	r0 = 0
	r1 = 1
outer:
	r2 = r1
inner:
	if r2 == 1 goto next
	r0 += 1
	r3 = r2
	r3 &= 1
	if r3 == 0 goto even
	r2 *= 3
	r2 += 1
	goto inner
even:
	r2 >>= 1
	goto inner
next:
	r1 += 1
	if r1 != 31 goto outer
	exit
