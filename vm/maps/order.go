package maps

import (
	"cmp"
	"slices"
)

// order is the order in which Linux iterates over a hash: bucket by bucket, in a
// bucket the youngest key first. With BPF_F_ZERO_SEED it is exactly Linux's on a
// little-endian machine; without, Linux draws a seed and the order is any.
type order struct {
	mask uint32
	keys []ordered // sorted
}

type ordered struct {
	bucket uint32
	born   uint64
	key    string
}

func (a ordered) compare(b ordered) int {
	return cmp.Or(cmp.Compare(a.bucket, b.bucket), cmp.Compare(b.born, a.born))
}

func newOrder(maxEntries uint32) *order { return &order{mask: buckets(maxEntries) - 1} }

func (o *order) place(key []byte, born uint64) ordered {
	return ordered{jhash(key, 0) & o.mask, born, string(key)}
}

func (o *order) insert(key []byte, born uint64) {
	x := o.place(key, born)
	i, _ := slices.BinarySearchFunc(o.keys, x, ordered.compare)
	o.keys = slices.Insert(o.keys, i, x)
}

func (o *order) remove(key []byte, born uint64) {
	if i, ok := slices.BinarySearchFunc(o.keys, o.place(key, born), ordered.compare); ok {
		o.keys = slices.Delete(o.keys, i, i+1)
	}
}

// after is the position behind a key.
func (o *order) after(key []byte, born uint64) int {
	i, _ := slices.BinarySearchFunc(o.keys, o.place(key, born), ordered.compare)
	return i + 1
}

func (o *order) copyKey(next []byte, i int) error {
	if i >= len(o.keys) {
		return ENOENT
	}
	copy(next, o.keys[i].key)
	return nil
}
