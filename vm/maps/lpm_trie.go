package maps

import "math/bits"

// trie finds the longest prefix of a key (Linux's kernel/bpf/lpm_trie.c). A key is
// a length in bits, a 32-bit number, and the bits, highest first, padded to whole
// bytes. Bits behind the length take no part, but are kept as they were written.
//
// Every node's prefix begins with its parent's. Nodes where prefixes part without
// one ending there hold no value, and always have two children.
type trie struct {
	object
	root    *node
	entries uint32
	longest uint32 // bits
	free    []uint32
	next    uint32
	spare   uint32 // what a replacement takes
}

type node struct {
	bits   []byte
	length uint32
	slot   uint32
	filled bool
	child  [2]*node
}

func newTrie(s *Spec, at Place) *trie {
	t := &trie{longest: (s.KeySize - 4) * 8, spare: s.MaxEntries}
	t.init(s, at)
	return t
}

// common is how many bits a key of a length shares with the node's prefix.
func (n *node) common(key []byte, length uint32) uint32 {
	most := min(n.length, length)
	for i := uint32(0); i*8 < most; i++ {
		if d := n.bits[i] ^ key[i]; d != 0 {
			return min(most, i*8+uint32(bits.LeadingZeros8(d)))
		}
	}
	return most
}

func bit(key []byte, i uint32) int { return int(key[i/8]>>(7-i%8)) & 1 }

// split takes a key apart.
func (t *trie) split(key []byte) (prefix []byte, length uint32) { return key[4:], t.index(key) }

func (t *trie) Lookup(key []byte) (uint32, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	prefix, length := t.split(key)
	if length > t.longest {
		return 0, false
	}
	var found *node
	for n := t.root; n != nil && n.common(prefix, length) == n.length; n = n.child[bit(prefix, n.length)] {
		if n.filled {
			found = n
		}
		if n.length == t.longest {
			break
		}
	}
	if found == nil {
		return 0, false
	}
	return t.at(found.slot), true
}

func (t *trie) Update(key, value []byte, flags uint64) error {
	prefix, length := t.split(key)
	if flags > Exist || length > t.longest {
		return EINVAL
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	at, shared := t.descend(prefix, length)
	n := *at
	if n != nil && n.filled && n.length == shared && shared == length {
		if flags == NoExist {
			return EEXIST
		}
		n.bits = append(n.bits[:0], prefix...)
		n.slot, t.spare = t.spare, n.slot
		t.put(t.at(n.slot), value)
		return nil
	}
	if flags == Exist {
		return ENOENT
	}
	if t.entries == t.spec.MaxEntries {
		return ENOSPC
	}
	t.entries++
	fresh := &node{bits: append([]byte(nil), prefix...), length: length, slot: t.take(), filled: true}
	t.put(t.at(fresh.slot), value)
	t.hang(at, fresh, shared)
	return nil
}

// descend goes down to where a prefix is, or where it would have to be put: at a
// node that has only shared bits in common with it, or at a free child.
func (t *trie) descend(prefix []byte, length uint32) (at **node, shared uint32) {
	at = &t.root
	for *at != nil {
		n := *at
		if shared = n.common(prefix, length); shared < n.length || n.length == length {
			return at, shared
		}
		at = &n.child[bit(prefix, n.length)]
	}
	return at, shared
}

// hang puts a new node in the place that descend found.
func (t *trie) hang(at **node, fresh *node, shared uint32) {
	n := *at
	switch {
	case n == nil:
	case n.length == shared: // where prefixes part: it takes the value
		fresh.child = n.child
	case shared == fresh.length: // the new prefix is the shorter one
		fresh.child[bit(n.bits, shared)] = n
	default:
		fork := &node{bits: append([]byte(nil), n.bits...), length: shared}
		fork.child[bit(n.bits, shared)] = n
		fork.child[bit(fresh.bits, shared)] = fresh
		fresh = fork
	}
	*at = fresh
}

func (t *trie) take() uint32 {
	if n := len(t.free); n > 0 {
		slot := t.free[n-1]
		t.free = t.free[:n-1]
		return slot
	}
	t.next++
	return t.next - 1
}

func (t *trie) Delete(key []byte) error {
	prefix, length := t.split(key)
	if length > t.longest {
		return EINVAL
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	var parent **node
	at := &t.root
	for *at != nil {
		n := *at
		if n.common(prefix, length) < n.length {
			return ENOENT
		}
		if n.length == length {
			break
		}
		parent, at = at, &n.child[bit(prefix, n.length)]
	}
	n := *at
	if n == nil || !n.filled {
		return ENOENT
	}
	t.entries--
	t.free = append(t.free, n.slot)
	switch {
	case n.child[0] != nil && n.child[1] != nil:
		n.filled = false
	case n.child[0] != nil:
		*at = n.child[0]
	case n.child[1] != nil:
		*at = n.child[1]
	default:
		*at = nil
		if parent == nil || (*parent).filled {
			break
		}
		for _, sibling := range (*parent).child { // a fork with one way left
			if sibling != nil {
				*parent = sibling
				break
			}
		}
	}
	return nil
}

// walk visits nodes with values, children before their parent and 0 before 1: the
// more specific prefix first, as Linux iterates.
func (n *node) walk(visit func(*node) bool) bool {
	if n == nil {
		return true
	}
	return n.child[0].walk(visit) && n.child[1].walk(visit) && (!n.filled || visit(n))
}

// first is the first node of a subtree that walk visits. Leaves have values.
func (n *node) first() *node {
	for n != nil {
		switch {
		case n.child[0] != nil:
			n = n.child[0]
		case n.child[1] != nil:
			n = n.child[1]
		default:
			return n
		}
	}
	return nil
}

// nextKey begins anew at a key that is not there.
func (t *trie) nextKey(key, next []byte) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	found := t.root.first()
	if key != nil {
		prefix, length := t.split(key)
		if path := t.path(prefix, length); path != nil {
			found = after(path)
		}
	}
	if found == nil {
		return ENOENT
	}
	t.mem.Order.Binary().PutUint32(next, found.length)
	copy(next[4:], found.bits)
	return nil
}

// path is the way from the root to a key's node, or nil if the key is not there.
func (t *trie) path(prefix []byte, length uint32) []*node {
	if length > t.longest {
		return nil
	}
	var path []*node
	for n := t.root; n != nil && n.common(prefix, length) == n.length; n = n.child[bit(prefix, n.length)] {
		path = append(path, n)
		if n.length == length {
			if !n.filled {
				return nil
			}
			return path
		}
	}
	return nil
}

// after is the node that walk visits after the last one of a path.
func after(path []*node) *node {
	for i := len(path) - 1; i > 0; i-- {
		parent := path[i-1]
		if parent.child[0] == path[i] && parent.child[1] != nil {
			return parent.child[1].first()
		}
		if parent.filled {
			return parent
		}
	}
	return nil
}

func (t *trie) Entries(dst []Entry) []Entry {
	t.mu.Lock()
	defer t.mu.Unlock()
	from := len(dst)
	t.root.walk(func(n *node) bool {
		var e *Entry
		dst, e = nextEntry(dst)
		e.Key = t.appendIndex(e.Key, n.length)
		e.Key = append(e.Key, n.bits...)
		t.appendValue(e, n.slot)
		return true
	})
	sortEntries(dst[from:])
	return dst
}
