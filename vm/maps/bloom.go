package maps

import "math/bits"

// bloom is a set that can only grow, and that may say yes where it should say no
// (Linux's kernel/bpf/bloom_filter.c). The seed is zero, so with BPF_F_ZERO_SEED its
// mistakes are Linux's; without, Linux draws a seed.
type bloom struct {
	object
	bits   []uint64
	mask   uint32
	hashes uint32
}

func newBloom(s *Spec, at Place) *bloom {
	b := &bloom{hashes: uint32(s.Extra)}
	b.init(s, at)
	if b.hashes == 0 {
		b.hashes = 5
	}
	// Linux rounds entries × hashes × 7/5 (about 1/ln 2) up to a power of two.
	n := uint64(s.MaxEntries) * uint64(b.hashes)
	if n >= 1<<32 || n/5*7 > 1<<31 {
		n = 1 << 32
	} else if n = n / 5 * 7; n <= 64 {
		n = 64
	} else {
		n = 1 << bits.Len64(n-1)
	}
	b.mask = uint32(n - 1)
	b.bits = make([]uint64, n/64)
	return b
}

// Push adds a value.
func (b *bloom) Push(value []byte, flags uint64) error {
	if flags != Any {
		return EINVAL
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	for i := range b.hashes {
		h := jhash(value, i) & b.mask
		b.bits[h/64] |= 1 << (h % 64)
	}
	return nil
}

// Peek is ENOENT if the value was certainly never pushed.
func (b *bloom) Peek(value []byte) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	for i := range b.hashes {
		if h := jhash(value, i) & b.mask; b.bits[h/64]>>(h%64)&1 == 0 {
			return ENOENT
		}
	}
	return nil
}

func (b *bloom) Pop([]byte) error    { return EOPNOTSUPP }
func (b *bloom) Delete([]byte) error { return EOPNOTSUPP }

func (b *bloom) userLookup(_, value []byte) error               { return b.Peek(value) }
func (b *bloom) userUpdate(_, value []byte, flags uint64) error { return b.Push(value, flags) }
func (b *bloom) nextKey(_, _ []byte) error                      { return EOPNOTSUPP }
