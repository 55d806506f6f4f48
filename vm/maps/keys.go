package maps

// keysOf lists keys by asking for the next one.
func keysOf(size uint32, next func(key, next []byte) error) (keys [][]byte) {
	var at []byte
	for {
		key := make([]byte, size)
		if next(at, key) != nil {
			return keys
		}
		keys, at = append(keys, key), key
	}
}

// Keys are all keys in the order in which Linux goes through them.
func (h *hash) Keys() [][]byte { return keysOf(h.spec.KeySize, h.nextKey) }

// Keys are all indices.
func (a *array) Keys() [][]byte { return keysOf(4, a.nextKey) }

// Keys are all indices.
func (a *perCPUArray) Keys() [][]byte { return keysOf(4, a.nextKey) }
