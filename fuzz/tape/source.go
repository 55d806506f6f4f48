package tape

import (
	"encoding/binary"
	"math/rand/v2"
)

// Source answers questions from a tape. The zero Source is an empty tape.
//
// Invariant: the bytes data[:pos] have been used. With seeded, data grows when it
// is used up; else the tape is spent then.
type Source struct {
	data   []byte
	own    []byte // backing of seeded tapes, reused
	pos    int
	seeded bool
	spent  bool
	pcg    rand.PCG
}

// stream separates the tapes of a seed from other users of the same seed.
const stream = 0x7a9e_5eed

// refill is how many bytes a seeded tape grows by.
const refill = 64

// Reset starts a given tape. The bytes are not copied and not changed.
func (s *Source) Reset(tape []byte) {
	s.data, s.pos, s.seeded, s.spent = tape, 0, false, len(tape) == 0
}

// Seed starts an endless tape drawn from a seed.
func (s *Source) Seed(seed uint64) {
	s.pcg.Seed(seed, stream)
	s.data, s.pos, s.seeded, s.spent = s.own[:0], 0, true, false
}

// FromBytes makes a source of a given tape.
func FromBytes(tape []byte) *Source {
	s := new(Source)
	s.Reset(tape)
	return s
}

// FromSeed makes a source of a seeded tape.
func FromSeed(seed uint64) *Source {
	s := new(Source)
	s.Seed(seed)
	return s
}

// Bytes is the part of the tape that has been used: a Source reset to it gives the
// same answers. It is valid until the next Seed.
func (s *Source) Bytes() []byte { return s.data[:min(s.pos, len(s.data))] }

// Spent reports whether a given tape has come to its end.
func (s *Source) Spent() bool { return s.spent }

// Byte is the next byte.
func (s *Source) Byte() uint8 {
	if s.pos < len(s.data) {
		s.pos++
		return s.data[s.pos-1]
	}
	return s.more()
}

// more is Byte where the bytes at hand have run out.
//
//go:noinline
func (s *Source) more() uint8 {
	if !s.seeded {
		s.spent = true
		return 0
	}
	for range refill / 8 {
		s.data = binary.LittleEndian.AppendUint64(s.data, s.pcg.Uint64())
	}
	s.own = s.data
	s.pos++
	return s.data[s.pos-1]
}

// Bits is a number of n bits, n at most 64, from as many whole bytes as it takes.
func (s *Source) Bits(n uint) uint64 {
	v := uint64(0)
	for have := uint(0); have < n; have += 8 {
		v |= uint64(s.Byte()) << have
	}
	if n < 64 {
		v &= 1<<n - 1
	}
	return v
}

// Below is a number from 0 to n-1; 0 if n is less than 2. Up to 256 it takes one
// byte, up to 65,536 two.
func (s *Source) Below(n int) int {
	switch {
	case n < 2:
		return 0
	case n <= 256:
		return int(s.Byte()) * n >> 8
	case n <= 65536:
		return int(s.Bits(16)) * n >> 16
	}
	return int(s.Bits(32) * uint64(n) >> 32)
}

// Between is a number from lo to hi, both included.
func (s *Source) Between(lo, hi int) int { return lo + s.Below(hi-lo+1) }

// Chance is true p times in 256. The zero byte says false.
func (s *Source) Chance(p int) bool { return int(s.Byte()) >= 256-p }

// Coin is true half of the time. The zero byte says false.
func (s *Source) Coin() bool { return s.Byte() >= 128 }

// Table turns a byte into a weighted choice.
type Table [256]uint8

// NewTable makes a table in which choice i has the share weights[i]. Every choice
// with a weight gets at least one byte. There may be at most 256 choices, and at
// least one weight must be positive.
func NewTable(weights ...int) *Table {
	total := 0
	for _, w := range weights {
		total += w
	}
	if total <= 0 || len(weights) > 256 {
		panic("tape: a table needs a positive weight and at most 256 choices")
	}
	t := new(Table)
	at, sum := 0, 0
	for i, w := range weights {
		if w == 0 {
			continue
		}
		sum += w
		for end := max(at+1, sum*256/total); at < end && at < 256; at++ {
			t[at] = uint8(i)
		}
	}
	return t
}

// Pick is a weighted choice.
func (s *Source) Pick(t *Table) int { return int(t[s.Byte()]) }
