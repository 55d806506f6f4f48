package maps

import (
	"encoding/binary"
	"math/bits"
)

// jhash is Bob Jenkins' lookup3 as Linux's jhash and jhash2 have it (both give the
// same for a whole number of words, read little-endian). Linux hashes keys with it,
// so with the same seed buckets are the same, and so is the order of iteration.
func jhash(b []byte, seed uint32) uint32 {
	x := uint32(0xdeadbeef) + uint32(len(b)) + seed
	y, z := x, x
	for len(b) > 12 {
		x += binary.LittleEndian.Uint32(b)
		y += binary.LittleEndian.Uint32(b[4:])
		z += binary.LittleEndian.Uint32(b[8:])
		for _, r := range [...]int{4, 6, 8, 16, 19, 4} {
			x = x - z ^ bits.RotateLeft32(z, r)
			z += y
			x, y, z = y, z, x
		}
		b = b[12:]
	}
	if len(b) == 0 {
		return z
	}
	var tail [12]byte
	copy(tail[:], b)
	x += binary.LittleEndian.Uint32(tail[:])
	y += binary.LittleEndian.Uint32(tail[4:])
	z += binary.LittleEndian.Uint32(tail[8:])
	for _, r := range [...]int{14, 11, 25, 16, 4, 14, 24} {
		z = (z ^ y) - bits.RotateLeft32(y, r)
		x, y, z = y, z, x
	}
	// Seven turns of the wheel leave the last result in y.
	return y
}

// buckets is the size of Linux's tables: a power of two.
func buckets(n uint32) uint32 {
	if n <= 1 {
		return 1
	}
	return 1 << bits.Len32(n-1)
}
