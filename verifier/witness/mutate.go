package witness

import (
	"encoding/binary"
	"slices"
)

// mutant is a candidate of the pool with a few changes.
func (s *search) mutant() *candidate {
	from := s.best
	if len(s.pool) > 0 && s.rng.IntN(3) > 0 {
		from = s.pool[s.rng.IntN(len(s.pool))]
	}
	x := from.clone()
	for range 1 + s.rng.IntN(4) {
		s.change(x)
	}
	return x
}

// change makes one change.
func (s *search) change(x *candidate) {
	switch s.rng.IntN(12) {
	case 0:
		x.in.Seed = s.rng.Uint64N(1 << 16)
		return
	case 1:
		s.changeMaps(x)
		return
	case 2:
		if len(x.in.Packet) > 0 {
			n := len(x.in.Packet) + s.rng.IntN(9) - 4
			if s.rng.IntN(4) == 0 {
				n = s.rng.IntN(130)
			}
			*x = *x.resized(n)
		}
		return
	}
	regions := x.regions(s)
	if len(regions) == 0 {
		return
	}
	b := regions[s.rng.IntN(len(regions))]
	at := s.rng.IntN(min(len(b), mostBytes))
	if s.rng.IntN(8) == 0 {
		at = s.rng.IntN(len(b))
	}
	if s.rng.IntN(2) == 0 {
		at &^= 7
	}
	size := 1 << s.rng.IntN(4)
	switch s.rng.IntN(5) {
	case 0:
		b[at] = byte(s.rng.Uint32())
	case 1:
		add(b, at, size, s.rng.IntN(4) == 0, uint64(s.rng.IntN(65)-32))
	case 2:
		put(b, at, size, false, s.rng.Uint64()>>s.rng.IntN(64))
	default:
		put(b, at, size, s.rng.IntN(4) == 0, s.numbers[s.rng.IntN(len(s.numbers))])
	}
}

// changeMaps empties or fills a map, or puts back what the case has.
func (s *search) changeMaps(x *candidate) {
	if len(x.entries) == 0 {
		return
	}
	m := s.rng.IntN(len(x.entries))
	switch s.rng.IntN(4) {
	case 0:
		if s.keyed(m) {
			x.entries[m] = nil
		}
	case 1:
		if n := len(x.entries[m]); n > 0 && s.keyed(m) {
			at := s.rng.IntN(n)
			x.entries[m] = slices.Delete(x.entries[m], at, at+1)
		}
	case 2:
		if s.plain(m) {
			x.entries[m] = s.fill(m, byte(s.rng.Uint32()))
		}
	default:
		x.entries[m] = s.blank().entries[m]
	}
}

// word is a number of some bytes at a place: from at on, or, big-endian, up to at.
func word(b []byte, at, size int, big bool) (part []byte, ok bool) {
	if big {
		at -= size - 1
	}
	if at < 0 || at+size > len(b) {
		return nil, false
	}
	return b[at : at+size], true
}

func get(part []byte, big bool) uint64 {
	var w [8]byte
	if big {
		copy(w[8-len(part):], part)
		return binary.BigEndian.Uint64(w[:])
	}
	copy(w[:], part)
	return binary.LittleEndian.Uint64(w[:])
}

func set(part []byte, big bool, v uint64) {
	var w [8]byte
	if big {
		binary.BigEndian.PutUint64(w[:], v)
		copy(part, w[8-len(part):])
		return
	}
	binary.LittleEndian.PutUint64(w[:], v)
	copy(part, w[:len(part)])
}

// put writes a number, if there is room for it.
func put(b []byte, at, size int, big bool, v uint64) {
	if part, ok := word(b, at, size, big); ok {
		set(part, big, v)
	}
}

// add adds to the number that is there.
func add(b []byte, at, size int, big bool, v uint64) {
	if part, ok := word(b, at, size, big); ok {
		set(part, big, get(part, big)+v)
	}
}
