package maps

// perCPUHash is a hash, LRU or not, with a value for each CPU under every key. A
// key that a program creates begins with zeroes on the other CPUs.
type perCPUHash struct{ hash }

func newPerCPUHash(s *Spec, at Place) *perCPUHash {
	h := &perCPUHash{}
	h.setup(s, at)
	return h
}

func (h *perCPUHash) LookupCPU(key []byte, cpu uint32) (uint32, bool) {
	if cpu >= h.cpus {
		return 0, false
	}
	addr, ok := h.Lookup(key)
	return addr + cpu*h.spec.stride(), ok
}

func (h *perCPUHash) Update(key, value []byte, flags uint64) error {
	return h.UpdateCPU(key, value, flags, 0)
}

func (h *perCPUHash) UpdateCPU(key, value []byte, flags uint64, cpu uint32) error {
	if cpu >= h.cpus {
		return EINVAL
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	slot, fresh, err := h.claim(key, flags, true)
	if err != nil {
		return err
	}
	if fresh {
		for other := range h.cpus {
			clear(h.mem.Bytes(h.on(slot, other), round8(h.spec.ValueSize)))
			h.put(h.on(slot, other), nil)
		}
	}
	h.put(h.on(slot, cpu), value)
	return nil
}

func (h *perCPUHash) userUpdate(key, value []byte, flags uint64) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	slot, _, err := h.claim(key, flags, true)
	if err == nil {
		h.set(slot, value)
	}
	return err
}
