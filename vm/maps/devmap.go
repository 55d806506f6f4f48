package maps

import (
	"cmp"
	"slices"
)

// A value of a devmap is an interface index and, with 8 bytes, a program to run on
// the way out: no descriptors of such programs exist here, so it must be 0 or -1
// (none), and reads 0. Every interface index is taken to exist but 0. Programs
// may read values, never write them (Linux's kernel/bpf/devmap.c).

// device checks and rewrites a value.
func (o *object) device(value []byte) ([]byte, uint32, error) {
	v := make([]byte, o.spec.ValueSize)
	ifindex := o.mem.Order.Binary().Uint32(value)
	copy(v, value[:4])
	if len(value) == 8 && int32(o.mem.Order.Binary().Uint32(value[4:])) > 0 {
		return nil, ifindex, EINVAL
	}
	return v, ifindex, nil
}

// sparse is an array of values in guest memory of which some are absent.
type sparse struct {
	object
	there map[uint32]bool
}

func (a *sparse) setup(s *Spec, at Place) {
	a.init(s, at)
	a.there = map[uint32]bool{}
}

// Target reports whether something stands at an index.
func (a *sparse) Target(i uint32) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.there[i]
}

func (a *sparse) Lookup(key []byte) (uint32, bool) {
	i := a.index(key)
	if !a.Target(i) {
		return 0, false
	}
	return a.at(i), true
}

// Delete is no error where nothing is.
func (a *sparse) Delete(key []byte) error {
	i := a.index(key)
	if i >= a.spec.MaxEntries {
		return EINVAL
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.there, i)
	return nil
}

// place puts a value at an index, or nothing.
func (a *sparse) place(i uint32, value []byte) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if value == nil {
		delete(a.there, i)
		return
	}
	a.there[i] = true
	a.put(a.at(i), value)
}

func (a *sparse) nextKey(key, next []byte) error { return a.nextIndex(key, next) }

func (a *sparse) Entries(dst []Entry) []Entry {
	a.mu.Lock()
	defer a.mu.Unlock()
	from := len(dst)
	for i := range a.there {
		var e *Entry
		dst, e = nextEntry(dst)
		e.Key = a.appendIndex(e.Key, i)
		a.appendValue(e, i)
	}
	sortEntries(dst[from:])
	return dst
}

type devMap struct{ sparse }

func newDevMap(s *Spec, at Place) *devMap {
	d := &devMap{}
	d.setup(s, at)
	return d
}

func (d *devMap) Update(key, value []byte, flags uint64) error {
	i := d.index(key)
	switch {
	case flags > Exist:
		return EINVAL
	case i >= d.spec.MaxEntries:
		return E2BIG
	case flags == NoExist:
		return EEXIST
	}
	v, ifindex, err := d.device(value)
	if err != nil {
		return err
	}
	if ifindex == 0 { // as good as deleting
		v = nil
	}
	d.place(i, v)
	return nil
}

// devHash is a devmap with any numbers as keys.
type devHash struct {
	object
	cells   map[uint32]cell
	free    []uint32
	created uint64
}

func newDevHash(s *Spec, at Place) *devHash {
	d := &devHash{cells: map[uint32]cell{}}
	d.init(s, at)
	return d
}

func (d *devHash) Target(i uint32) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	_, ok := d.cells[i]
	return ok
}

func (d *devHash) Lookup(key []byte) (uint32, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	c, ok := d.cells[d.index(key)]
	return d.at(c.slot), ok
}

func (d *devHash) Update(key, value []byte, flags uint64) error {
	if flags > Exist {
		return EINVAL
	}
	v, ifindex, err := d.device(value)
	if ifindex == 0 {
		return EINVAL
	}
	i := d.index(key)
	d.mu.Lock()
	defer d.mu.Unlock()
	old, exists := d.cells[i]
	switch {
	case exists && flags == NoExist:
		return EEXIST
	case err != nil:
		return err
	case !exists && len(d.cells) == int(d.spec.MaxEntries):
		return E2BIG
	}
	slot := old.slot
	if !exists {
		slot = uint32(len(d.cells))
		if n := len(d.free); n > 0 {
			slot, d.free = d.free[n-1], d.free[:n-1]
		}
	}
	d.created++
	d.cells[i] = cell{slot, d.created}
	d.put(d.at(slot), v)
	return nil
}

func (d *devHash) Delete(key []byte) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	i := d.index(key)
	c, ok := d.cells[i]
	if !ok {
		return ENOENT
	}
	delete(d.cells, i)
	d.free = append(d.free, c.slot)
	return nil
}

// nextKey goes bucket by bucket, in a bucket from the youngest.
func (d *devHash) nextKey(key, next []byte) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	mask := buckets(d.spec.MaxEntries) - 1
	keys := make([]uint32, 0, len(d.cells))
	for i := range d.cells {
		keys = append(keys, i)
	}
	slices.SortFunc(keys, func(a, b uint32) int {
		return cmp.Or(cmp.Compare(a&mask, b&mask), cmp.Compare(d.cells[b].born, d.cells[a].born))
	})
	at := 0
	if key != nil {
		at = slices.Index(keys, d.index(key)) + 1
	}
	if at == len(keys) {
		return ENOENT
	}
	d.mem.Order.Binary().PutUint32(next, keys[at])
	return nil
}

func (d *devHash) Entries(dst []Entry) []Entry {
	d.mu.Lock()
	defer d.mu.Unlock()
	from := len(dst)
	for i, c := range d.cells {
		var e *Entry
		dst, e = nextEntry(dst)
		e.Key = d.appendIndex(e.Key, i)
		d.appendValue(e, c.slot)
	}
	sortEntries(dst[from:])
	return dst
}
