package maps

// indexed has an element for every index from the start; none is ever created or
// deleted (Linux's kernel/bpf/arraymap.c).
type indexed struct{ object }

// array is an indexed map whose elements are single values.
type array struct{ indexed }

func newArray(s *Spec, at Place) *array {
	a := &array{}
	a.init(s, at)
	for i := range s.MaxEntries {
		a.mem.Allow(a.at(i), s.ValueSize, s.perm())
	}
	return a
}

// Flat is a map whose element i stands at base + i*stride, for i below n, from its
// creation on, and whose keys are those numbers: an engine can look up by itself.
type Flat interface {
	Flat() (base, stride, n uint32)
}

// Flat makes array a Flat. An indexed map of values per CPU is none.
func (a *array) Flat() (base, stride, n uint32) { return a.base, a.spec.stride(), a.spec.MaxEntries }

func (a *indexed) Lookup(key []byte) (uint32, bool) {
	i := a.index(key)
	if i >= a.spec.MaxEntries {
		return 0, false
	}
	return a.at(i), true
}

func (a *array) Update(key, value []byte, flags uint64) error {
	i, err := a.slot(key, flags)
	if err != nil {
		return err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.put(a.at(i), value)
	return nil
}

// slot is the element to write, if the flags allow that.
func (a *indexed) slot(key []byte, flags uint64) (uint32, error) {
	i := a.index(key)
	switch {
	case flags&^Lock > Exist:
		return 0, EINVAL
	case i >= a.spec.MaxEntries:
		return 0, E2BIG
	case flags&NoExist != 0:
		return 0, EEXIST
	case flags&Lock != 0:
		return 0, EINVAL
	}
	return i, nil
}

func (a *indexed) nextKey(key, next []byte) error { return a.nextIndex(key, next) }

func (a *indexed) Entries(dst []Entry) []Entry {
	a.mu.Lock()
	defer a.mu.Unlock()
	for i := range a.spec.MaxEntries {
		var e *Entry
		dst, e = nextEntry(dst)
		e.Key = a.appendIndex(e.Key, i)
		a.appendValue(e, i)
	}
	return dst
}

// ValueAt: Linux allows direct values for arrays of one element only.
func (a *array) ValueAt(off uint32) (uint32, bool) {
	if a.spec.MaxEntries != 1 || off >= a.spec.ValueSize {
		return 0, false
	}
	return a.base + off, true
}
