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
	slots []use // those that a key was ever in
	hand  int
}

type use struct {
	key        string
	taken, ref bool
}

func (c *clock) use(slot uint32) { c.slots[slot].ref = true }

func (c *clock) clear(slot uint32) { c.slots[slot].taken = false }

func (c *clock) set(slot uint32, key string) {
	for int(slot) >= len(c.slots) {
		c.slots = append(c.slots, use{})
	}
	c.slots[slot] = use{key: key, taken: true}
}

// victim is the key to evict. There is at least one.
func (c *clock) victim() string {
	for {
		s := &c.slots[c.hand]
		c.hand = (c.hand + 1) % len(c.slots)
		if s.taken && !s.ref {
			return s.key
		}
		s.ref = false
	}
}
