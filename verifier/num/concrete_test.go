package num

// The concrete meaning of the operators, written a third time: from RFC 9669, for any
// width, and slowly. Divisions look at signs and magnitudes, shifts move bit by bit.
// Shift counts are taken modulo the width, which is the RFC's mask where the width is
// a power of two; at 3 and 6 bits a mask would mean nothing.

func evalOp(op Op, x, y uint64, n uint) uint64 {
	top := uint64(1)<<n - 1
	if n == 64 {
		top = ^uint64(0)
	}
	x, y = x&top, y&top
	count := int(y % uint64(n))
	switch op {
	case Mov:
		return y
	case Add:
		return (x + y) & top
	case Sub:
		return (x - y) & top
	case Mul:
		return (x * y) & top
	case Div:
		if y == 0 {
			return 0
		}
		return x / y
	case Mod:
		if y == 0 {
			return x
		}
		return x % y
	case Sdiv:
		if y == 0 {
			return 0
		}
		q := magnitude(x, n) / magnitude(y, n)
		if negative(x, n) != negative(y, n) {
			q = -q
		}
		return q & top // MIN / -1 is 2^(n-1), which is MIN again
	case Smod:
		if y == 0 {
			return x
		}
		r := magnitude(x, n) % magnitude(y, n)
		if negative(x, n) {
			r = -r
		}
		return r & top
	case And:
		return x & y
	case Or:
		return x | y
	case Xor:
		return x ^ y
	case Lsh:
		for range count {
			x = x * 2 & top
		}
		return x
	case Rsh:
		for range count {
			x /= 2
		}
		return x
	case Arsh:
		sign := x & (1 << (n - 1))
		for range count {
			x = x/2 | sign
		}
		return x
	}
	panic("no such operator")
}

func negative(x uint64, n uint) bool { return x>>(n-1)&1 == 1 }

func magnitude(x uint64, n uint) uint64 {
	if negative(x, n) {
		return (^x + 1) & (^uint64(0) >> (64 - n))
	}
	return x
}

func evalCond(c Cond, x, y uint64, n uint) bool {
	top := ^uint64(0) >> (64 - n)
	x, y = x&top, y&top
	// Adding 2^(n-1) maps signed order to unsigned order.
	sx, sy := (x+1<<(n-1))&top, (y+1<<(n-1))&top
	switch c {
	case Eq:
		return x == y
	case Ne:
		return x != y
	case Ugt:
		return x > y
	case Uge:
		return x >= y
	case Ult:
		return x < y
	case Ule:
		return x <= y
	case Sgt:
		return sx > sy
	case Sge:
		return sx >= sy
	case Slt:
		return sx < sy
	case Sle:
		return sx <= sy
	case Set:
		return x&y != 0
	case Unset:
		return x&y == 0
	}
	panic("no such condition")
}

// evalSext sign-extends the low n bits of x to m.
func evalSext(x uint64, n, m uint) uint64 {
	x &= ^uint64(0) >> (64 - n)
	if negative(x, n) {
		x -= 1 << n
	}
	return x & (^uint64(0) >> (64 - m))
}

// evalSwap reverses the bytes of the low n bits of x, a byte being unit bits. Bits
// above the last whole byte stay where they are, so that a swap undoes itself.
func evalSwap(x uint64, n, unit uint) uint64 {
	x &= ^uint64(0) >> (64 - n)
	whole := n / unit * unit
	out := x
	for i := range whole {
		to := whole - unit - i/unit*unit + i%unit
		out = out&^(1<<to) | x>>i&1<<to
	}
	return out
}
