package arm64

import "math/bits"

// encodeLogical gives N:immr:imms of a logical immediate.
//
//	 12   11     6 5      0
//	+---+---------+--------+
//	| N |  immr   |  imms  |     an element of e bits: imms+1 ones, rotated right by
//	+---+---------+--------+     immr; repeated to 64 bits
//	  1   rrrrrr    ssssss       e = 64
//	  0   -rrrrr    0sssss       e = 32
//	  0   --rrrr    10ssss       e = 16, and so on to 11110s: e = 2
//
// All zeros and all ones have no encoding. At 4 bytes v's upper half is not looked
// at.
func encodeLogical(size int, v uint64) (uint32, bool) {
	if size == 4 {
		v = v<<32 | v&0xffffffff
	}
	if v == 0 || v == ^uint64(0) {
		return 0, false
	}
	e := 64
	for e > 2 && v == bits.RotateLeft64(v, e/2) {
		e /= 2
	}
	element := v & (^uint64(0) >> (64 - e))
	ones := bits.OnesCount64(element)
	// The ones end where a one is followed by a zero; rotated there, the repeated
	// element begins with them.
	top := bits.Len64(v&^bits.RotateLeft64(v, -1)) - 1
	right := (ones - 1 - top) & (e - 1)
	if want := ^uint64(0) >> (64 - ones); bits.RotateLeft64(v, right)&(^uint64(0)>>(64-e)) != want {
		return 0, false
	}
	n := uint32(e) >> 6
	imms := uint32(-2*e|(ones-1)) & 0x3f
	return n<<12 | uint32(right)<<6 | imms, true
}
