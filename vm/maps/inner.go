package maps

import (
	"encoding/binary"
	"fmt"
	"slices"
)

// Maps of maps (Linux's kernel/bpf/map_in_map.c). A value is the number of another
// map of the World; a program's lookup gives that map's address. Programs cannot
// change them, so they have no Entries.
//
// The entries of a Spec may name maps that are made later: an object file's maps
// refer to each other in any order. Such a map is judged when a program looks it up,
// and not found if it is not like the template.

// template is what inner maps must look like, and the maps to choose from.
type template struct {
	like  *Spec
	all   *[]Map
	early bool // while the entries of the Spec are written
}

func newTemplate(s *Spec, at Place) (template, error) {
	t := template{like: s.Inner, all: at.Maps, early: true}
	if t.like == nil && len(s.Entries) > 0 && len(s.Entries[0].Value) == 4 {
		if m, ok := t.find(number(s.Entries[0].Value)); ok {
			t.like = m.Spec()
		}
	}
	bad := func(err Errno, what string) (template, error) {
		return t, fmt.Errorf("map %s: %s: %w", s.Name, what, err)
	}
	switch {
	case t.like == nil:
		return bad(EBADF, "nothing says what the maps in it look like")
	case t.like.Type == ArrayOfMaps, t.like.Type == HashOfMaps:
		return bad(EINVAL, "maps of maps of maps are not allowed")
	case t.like.Type == ProgArray:
		return bad(ENOTSUPP, "a prog_array cannot be an inner map")
	}
	return t, nil
}

func (t *template) find(n uint32) (Map, bool) {
	if t.all == nil || n >= uint32(len(*t.all)) {
		return nil, false
	}
	return (*t.all)[n], true
}

// accept compares as Linux's map_meta_equal.
func (t *template) accept(n uint32) error {
	m, ok := t.find(n)
	if !ok && t.early {
		return nil
	}
	if !ok {
		return EBADF
	}
	a, b := t.like, m.Spec()
	if a.Type != b.Type || a.KeySize != b.KeySize || a.ValueSize != b.ValueSize || a.Flags != b.Flags {
		return EINVAL
	}
	if a.MaxEntries != b.MaxEntries && (a.Type == XSKMap || a.Type == Array && a.Flags&InnerMap == 0) {
		return EINVAL
	}
	return nil
}

func (t *template) filled() { t.early = false }

// address is what a program's lookup gives of map number n.
func (t *template) address(n uint32) (uint32, bool) {
	if t.accept(n) != nil {
		return 0, false
	}
	return Address(n), true
}

// arrayOfMaps has an inner map, or none, at every index.
type arrayOfMaps struct {
	objects
	template
}

func newArrayOfMaps(s *Spec, at Place) (*arrayOfMaps, error) {
	a := &arrayOfMaps{}
	a.setup(s, at)
	var err error
	a.template, err = newTemplate(s, at)
	return a, err
}

func (a *arrayOfMaps) Lookup(key []byte) (uint32, bool) {
	n, ok := a.element(a.index(key))
	if !ok {
		return 0, false
	}
	return a.address(n)
}

func (a *arrayOfMaps) Update(key, value []byte, flags uint64) error {
	return a.update(key, value, flags, a.accept)
}

// hashOfMaps has inner maps under keys.
type hashOfMaps struct {
	hash
	template
	numbers []uint32 // by slot
}

func newHashOfMaps(s *Spec, at Place) (*hashOfMaps, error) {
	h := &hashOfMaps{}
	h.setup(s, at)
	var err error
	h.template, err = newTemplate(s, at)
	return h, err
}

func (h *hashOfMaps) Lookup(key []byte) (uint32, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	c, ok := h.cells[string(key)]
	if !ok {
		return 0, false
	}
	return h.address(h.numbers[c.slot])
}

func (h *hashOfMaps) Update(key, value []byte, flags uint64) error {
	if err := h.accept(number(value)); err != nil {
		return err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	slot, _, err := h.claim(key, flags, true)
	if err != nil {
		return err
	}
	if n := int(slot) + 1; n > len(h.numbers) {
		h.numbers = slices.Grow(h.numbers, n-len(h.numbers))[:n]
	}
	h.numbers[slot] = number(value)
	return nil
}

func (h *hashOfMaps) Entries(dst []Entry) []Entry { return dst }

// userLookup gives the inner map's number; Linux gives its id.
func (h *hashOfMaps) userLookup(key, value []byte) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	c, ok := h.cells[string(key)]
	if !ok {
		return ENOENT
	}
	binary.LittleEndian.PutUint32(value, h.numbers[c.slot])
	return nil
}

func (h *hashOfMaps) userTake(_, _ []byte) error { return ENOTSUPP }
