package maps

import (
	"encoding/binary"
	"fmt"
	"slices"
)

// Maps of maps (Linux's kernel/bpf/map_in_map.c). A value is the number of another
// map of the World; a program's lookup gives that map's address. Programs cannot
// change them, so they have no Entries.

// template is what inner maps must look like, and the maps to choose from.
type template struct {
	spec *Spec
	maps *[]Map
}

func newTemplate(s *Spec, at Place) (template, error) {
	t := template{s.Inner, at.Maps}
	if t.spec == nil && len(s.Entries) > 0 && len(s.Entries[0].Value) == 4 {
		if m, ok := t.find(number(s.Entries[0].Value)); ok {
			t.spec = m.Spec()
		}
	}
	bad := func(err Errno, what string) (template, error) {
		return t, fmt.Errorf("map %s: %s: %w", s.Name, what, err)
	}
	switch {
	case t.spec == nil:
		return bad(EBADF, "nothing says what the maps in it look like")
	case t.spec.Type == ArrayOfMaps, t.spec.Type == HashOfMaps:
		return bad(EINVAL, "maps of maps of maps are not allowed")
	case t.spec.Type == ProgArray:
		return bad(ENOTSUPP, "a prog_array cannot be an inner map")
	}
	return t, nil
}

func (t *template) find(n uint32) (Map, bool) {
	if t.maps == nil || n >= uint32(len(*t.maps)) {
		return nil, false
	}
	return (*t.maps)[n], true
}

// accept compares as Linux's map_meta_equal.
func (t *template) accept(n uint32) error {
	m, ok := t.find(n)
	if !ok {
		return EBADF
	}
	a, b := t.spec, m.Spec()
	if a.Type != b.Type || a.KeySize != b.KeySize || a.ValueSize != b.ValueSize || a.Flags != b.Flags {
		return EINVAL
	}
	if a.MaxEntries != b.MaxEntries && (a.Type == XSKMap || a.Type == Array && a.Flags&InnerMap == 0) {
		return EINVAL
	}
	return nil
}

// arrayOfMaps has an inner map, or none, at every index.
type arrayOfMaps struct {
	objects
	inner template
}

func newArrayOfMaps(s *Spec, at Place) (*arrayOfMaps, error) {
	a := &arrayOfMaps{}
	a.setup(s, at)
	var err error
	a.inner, err = newTemplate(s, at)
	return a, err
}

func (a *arrayOfMaps) Lookup(key []byte) (uint32, bool) {
	n, ok := a.element(a.index(key))
	return Address(n), ok
}

func (a *arrayOfMaps) Update(key, value []byte, flags uint64) error {
	return a.update(key, value, flags, a.inner.accept)
}

// hashOfMaps has inner maps under keys.
type hashOfMaps struct {
	hash
	inner   template
	numbers []uint32 // by slot
}

func newHashOfMaps(s *Spec, at Place) (*hashOfMaps, error) {
	h := &hashOfMaps{}
	h.setup(s, at)
	var err error
	h.inner, err = newTemplate(s, at)
	return h, err
}

func (h *hashOfMaps) Lookup(key []byte) (uint32, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	c, ok := h.cells[string(key)]
	if !ok {
		return 0, false
	}
	return Address(h.numbers[c.slot]), true
}

func (h *hashOfMaps) Update(key, value []byte, flags uint64) error {
	if err := h.inner.accept(number(value)); err != nil {
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
