package num

// fold is op on constants of n bits. The operators on words find the same, which a test
// checks, in several times the time.
func fold(op Op, x, y uint64, n uint) uint64 {
	sx, sy := signed(x, n), signed(y, n)
	k := y % uint64(n)
	switch op {
	case Add:
		x += y
	case Sub:
		x -= y
	case Mul:
		x *= y
	case Div:
		if y == 0 {
			return 0
		}
		x /= y
	case Mod:
		if y != 0 {
			x %= y
		}
	case Sdiv:
		switch sy {
		case 0:
			return 0
		case -1: // Go's division agrees at 64 bits only
			x = -x
		default:
			x = uint64(sx / sy)
		}
	case Smod:
		switch sy {
		case 0:
		case -1:
			return 0
		default:
			x = uint64(sx % sy)
		}
	case And:
		x &= y
	case Or:
		x |= y
	case Xor:
		x ^= y
	case Lsh:
		x <<= k
	case Rsh:
		x >>= k
	case Arsh:
		x = uint64(sx >> k)
	}
	return x & ones(n)
}
