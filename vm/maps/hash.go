package maps

import (
	"maps"
	"slices"
)

// hash is a hash table with preallocated slots (Linux's kernel/bpf/hashtab.c), and
// the LRU one.
//
// As in Linux, replacing a value takes a new slot, so that a program that still
// holds the old value's address goes on seeing the old value: there is one slot
// more than entries, and it changes places with the replaced one. A slot once used
// stays accessible after its key is deleted, for the same reason. Where the values
// are per CPU, replacing happens in place.
type hash struct {
	object
	cells   map[string]cell
	free    []uint32 // slots given back, the last one first to go
	next    uint32   // lowest slot never used
	most    uint32   // slots for keys
	spare   uint32   // what a replacement takes; none where values are per CPU
	created uint64   // keys so far
	order   *order   // nil until somebody iterates
	lru     *clock   // nil unless the type is LRU
}

// cell is where a key's value is. born tells keys of one bucket apart by age.
type cell struct {
	slot uint32
	born uint64
}

func newHash(s *Spec, at Place) *hash {
	h := &hash{}
	h.setup(s, at)
	return h
}

func (h *hash) setup(s *Spec, at Place) {
	h.init(s, at)
	h.cells = map[string]cell{}
	h.most = uint32(s.capacity(at.CPUs))
	h.spare = h.most
	if s.Type.LRU() {
		h.lru = &clock{}
	}
}

// Lookup is a program's. User space's does not count as use of an LRU's key.
func (h *hash) Lookup(key []byte) (uint32, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	c, ok := h.cells[string(key)]
	if ok && h.lru != nil {
		h.lru.use(c.slot)
	}
	return h.at(c.slot), ok
}

func (h *hash) Update(key, value []byte, flags uint64) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	slot, _, err := h.claim(key, flags, false)
	if err == nil {
		h.put(h.at(slot), value)
	}
	return err
}

// claim finds the slot that an update of key writes. fresh is true if the key is
// new.
func (h *hash) claim(key []byte, flags uint64, inPlace bool) (slot uint32, fresh bool, err error) {
	if flags > Exist { // with Lock, too: values have no lock
		return 0, false, EINVAL
	}
	old, exists := h.cells[string(key)]
	switch {
	case exists && flags == NoExist:
		return 0, false, EEXIST
	case !exists && flags == Exist:
		return 0, false, ENOENT
	case exists && inPlace:
		slot = old.slot
	case exists:
		slot, h.spare = h.spare, old.slot
		h.insert(key, slot, &old)
	default:
		if slot, err = h.take(); err != nil {
			return 0, false, err
		}
		h.insert(key, slot, nil)
	}
	if h.lru != nil && exists {
		h.lru.use(slot)
	}
	return slot, !exists, nil
}

// take gives a slot for one more key.
func (h *hash) take() (uint32, error) {
	if n := len(h.free); n > 0 {
		slot := h.free[n-1]
		h.free = h.free[:n-1]
		return slot, nil
	}
	if h.next < h.most {
		h.next++
		return h.next - 1, nil
	}
	if h.lru == nil {
		return 0, E2BIG
	}
	victim := h.lru.victim()
	slot := h.cells[victim].slot
	h.forget([]byte(victim))
	return slot, nil
}

// insert files the key under a slot, in place of its old cell if there is one.
func (h *hash) insert(key []byte, slot uint32, old *cell) {
	h.created++
	c := cell{slot, h.created}
	if h.order != nil {
		if old != nil {
			h.order.remove(key, old.born)
		}
		h.order.insert(key, c.born)
	}
	if h.lru != nil {
		if old != nil {
			h.lru.clear(old.slot)
		}
		h.lru.set(slot, string(key))
	}
	h.cells[string(key)] = c
}

// forget drops a key. Its slot is the caller's then.
func (h *hash) forget(key []byte) {
	c := h.cells[string(key)]
	delete(h.cells, string(key))
	if h.order != nil {
		h.order.remove(key, c.born)
	}
	if h.lru != nil {
		h.lru.clear(c.slot)
	}
}

func (h *hash) Delete(key []byte) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.delete(key)
}

func (h *hash) delete(key []byte) error {
	c, ok := h.cells[string(key)]
	if !ok {
		return ENOENT
	}
	h.forget(key)
	h.free = append(h.free, c.slot)
	return nil
}

func (h *hash) Entries(dst []Entry) []Entry {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, key := range slices.Sorted(maps.Keys(h.cells)) {
		var e *Entry
		dst, e = nextEntry(dst)
		e.Key = append(e.Key, key...)
		h.appendValue(e, h.cells[key].slot)
	}
	return dst
}

func (h *hash) userLookup(key, value []byte) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	c, ok := h.cells[string(key)]
	if !ok {
		return ENOENT
	}
	h.get(value, c.slot)
	return nil
}

func (h *hash) userTake(key, value []byte) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	c, ok := h.cells[string(key)]
	if !ok {
		return ENOENT
	}
	h.get(value, c.slot)
	return h.delete(key)
}

func (h *hash) nextKey(key, next []byte) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.order == nil {
		h.order = newOrder(h.spec.MaxEntries)
		for k, c := range h.cells {
			h.order.keys = append(h.order.keys, h.order.place([]byte(k), c.born))
		}
		slices.SortFunc(h.order.keys, ordered.compare)
	}
	i := 0
	if key != nil {
		if c, ok := h.cells[string(key)]; ok {
			i = h.order.after(key, c.born)
		}
	}
	return h.order.copyKey(next, i)
}
