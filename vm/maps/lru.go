package maps

// clock chooses which key of a full LRU map has to go. A hand goes round the
// slots: a key that was used since the hand last passed is spared once, the first
// that was not is evicted. Use is an update of a key that is there, or a program's
// lookup; not user space's lookup, as in Linux.
//
// Linux keeps active and inactive lists with batches a CPU (kernel/bpf/bpf_lru_list.c),
// may evict before the map is full, evicts other keys than this does, and makes room
// before it looks: an update of a key that is there may evict that very key, and then
// with BPF_EXIST fails, with BPF_NOEXIST succeeds. Here it looks first. What holds in
// both: never more than max_entries keys, a key just written is there, a map
// evicts only to make room for a key.
type clock struct {
	slots []struct {
		key        string
		taken, ref bool
	}
	hand uint32
}

func newClock(slots uint32) *clock {
	c := &clock{}
	c.slots = append(c.slots, make([]struct {
		key        string
		taken, ref bool
	}, slots)...)
	return c
}

func (c *clock) use(slot uint32) { c.slots[slot].ref = true }

func (c *clock) clear(slot uint32) { c.slots[slot].taken = false }

func (c *clock) set(slot uint32, key string) {
	s := &c.slots[slot]
	s.key, s.taken, s.ref = key, true, false
}

// victim is the key to evict. There is at least one.
func (c *clock) victim() string {
	for {
		s := &c.slots[c.hand]
		c.hand = (c.hand + 1) % uint32(len(c.slots))
		if s.taken && !s.ref {
			return s.key
		}
		s.ref = false
	}
}
