package maps

import "encoding/binary"

// objects is an array whose elements name objects, or nothing. User space writes
// numbers; what they stand for is the type's business.
type objects struct {
	object
	at map[uint32]uint32
}

func (a *objects) setup(s *Spec, at Place) {
	a.init(s, at)
	a.at = map[uint32]uint32{}
}

// number reads the value of an element that names an object.
func number(value []byte) uint32 { return binary.LittleEndian.Uint32(value) }

// element is what stands at index i.
func (a *objects) element(i uint32) (n uint32, ok bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	n, ok = a.at[i]
	return n, ok
}

// Update checks as Linux's bpf_fd_array_map_update_elem.
func (a *objects) Update(key, value []byte, flags uint64) error {
	return a.update(key, value, flags, func(uint32) error { return nil })
}

// update asks accept about the object.
func (a *objects) update(key, value []byte, flags uint64, accept func(n uint32) error) error {
	i := a.index(key)
	if flags != Any {
		return EINVAL
	}
	if i >= a.spec.MaxEntries {
		return E2BIG
	}
	if err := accept(number(value)); err != nil {
		return err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.at[i] = number(value)
	return nil
}

func (a *objects) Delete(key []byte) error {
	i := a.index(key)
	if i >= a.spec.MaxEntries {
		return E2BIG
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if _, ok := a.at[i]; !ok {
		return ENOENT
	}
	delete(a.at, i)
	return nil
}

// userLookup gives the object's number; Linux gives an id.
func (a *objects) userLookup(key, value []byte) error {
	n, ok := a.element(a.index(key))
	if !ok {
		return ENOENT
	}
	binary.LittleEndian.PutUint32(value, n)
	return nil
}

func (a *objects) nextKey(key, next []byte) error { return a.nextIndex(key, next) }
