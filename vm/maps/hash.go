package maps

import (
	"maps"
	"slices"
	"sync"

	"github.com/lockstep-ebpf/lockstep/vm/mem"
)

// hash is a hash table with preallocated slots (Linux's kernel/bpf/hashtab.c).
//
// As in Linux, replacing a value takes a new slot, so that a program that still
// holds the old value's address goes on seeing the old value: there is one slot
// more than entries, and it changes places with the replaced one. A slot once used
// stays accessible after its key is deleted, for the same reason.
type hash struct {
	spec *Spec
	mem  *mem.Memory
	base uint32

	mu    sync.Mutex
	slots map[string]uint32 // key → slot
	free  []uint32          // slots given back, the last one first to go
	next  uint32            // lowest slot never used
	spare uint32            // what a replacement takes
}

func newHash(s *Spec, m *mem.Memory, base uint32) *hash {
	m.Reserve(base, s.stride()*(s.MaxEntries+1))
	return &hash{spec: s, mem: m, base: base, slots: map[string]uint32{}, spare: s.MaxEntries}
}

func (h *hash) Spec() *Spec           { return h.spec }
func (h *hash) at(slot uint32) uint32 { return h.base + slot*h.spec.stride() }

func (h *hash) Lookup(key []byte) (uint32, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	slot, ok := h.slots[string(key)]
	return h.at(slot), ok
}

func (h *hash) Update(key, value []byte, flags uint64) error {
	if flags > Exist {
		return EINVAL
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	old, exists := h.slots[string(key)]
	if exists && flags == NoExist {
		return EEXIST
	}
	if !exists && flags == Exist {
		return ENOENT
	}
	var slot uint32
	switch {
	case exists:
		slot, h.spare = h.spare, old
	case len(h.free) > 0:
		slot = h.free[len(h.free)-1]
		h.free = h.free[:len(h.free)-1]
	case h.next < h.spec.MaxEntries:
		slot = h.next
		h.next++
	default:
		return E2BIG
	}
	h.slots[string(key)] = slot
	copy(h.mem.Bytes(h.at(slot), h.spec.ValueSize), value)
	h.mem.Allow(h.at(slot), h.spec.ValueSize, h.spec.perm())
	return nil
}

func (h *hash) Delete(key []byte) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	slot, ok := h.slots[string(key)]
	if !ok {
		return ENOENT
	}
	delete(h.slots, string(key))
	h.free = append(h.free, slot)
	return nil
}

func (h *hash) Entries(dst []Entry) []Entry {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, key := range slices.Sorted(maps.Keys(h.slots)) {
		var e *Entry
		dst, e = nextEntry(dst)
		e.Key = append(e.Key, key...)
		e.copyValue(h.mem, h.at(h.slots[key]), h.spec.ValueSize)
	}
	return dst
}

func (h *hash) ValueAt(uint32) (uint32, bool) { return 0, false }
