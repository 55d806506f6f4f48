package tape

import "math"

// Boundary values: what arithmetic goes wrong at.
var corners = [...]uint64{
	0, 1, math.MaxUint64, 2, 0x7f, 0x80, 0xff, 0x100, 0x7fff, 0x8000, 0xffff, 0x1_0000,
	math.MaxInt32, 1 << 31, math.MaxUint32, 1 << 32, 1<<32 + 1, math.MaxInt64, 1 << 63, 1<<63 + 1,
	-1 << 7 & math.MaxUint64, -1 << 15 & math.MaxUint64, -1 << 31 & math.MaxUint64, -1 << 32 & math.MaxUint64,
	math.MaxUint64 - 1, 0xffff_ffff_7fff_ffff, 0x8000_0000_8000_0000, 0x5555_5555_5555_5555,
	0xaaaa_aaaa_aaaa_aaaa, 0x0102_0304_0506_0708, 0xff00_ff00_ff00_ff00, 0x0000_0001_8000_0000,
}

// Int is a 64-bit number that favours the places where arithmetic goes wrong:
// small numbers of either sign, boundaries of every width, powers of two and their
// neighbours; or any number, of one to eight bytes.
func (s *Source) Int() uint64 {
	switch b := s.Byte(); {
	case b < 64:
		return uint64(int64(b>>1) - 8*int64(b&1))
	case b < 128:
		return corners[int(b-64)*len(corners)>>6]
	case b < 192: // a power of two, one less, one more, or negated
		v := uint64(1) << (b & 63)
		switch s.Byte() >> 6 {
		case 1:
			return v - 1
		case 2:
			return v + 1
		case 3:
			return -v
		}
		return v
	case b < 208:
		return uint64(int64(int8(s.Byte())))
	case b < 216:
		return uint64(int64(int16(s.Bits(16))))
	case b < 232:
		return s.Bits(32)
	}
	return s.Bits(64)
}

// Int32 is Int for a 32-bit immediate.
func (s *Source) Int32() int32 {
	switch b := s.Byte(); {
	case b < 64:
		return int32(b>>1) - 8*int32(b&1)
	case b < 128:
		return int32(corners[int(b-64)*len(corners)>>6])
	case b < 192:
		v := int32(1) << (b & 31)
		switch b >> 5 & 1 {
		case 1:
			return v - 1
		}
		return v
	case b < 224:
		return int32(int16(s.Bits(16)))
	}
	return int32(s.Bits(32))
}
