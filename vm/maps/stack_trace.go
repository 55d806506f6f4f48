package maps

import (
	"maps"
	"slices"
)

// stackTrace keeps call stacks under a number made from their contents (Linux's
// kernel/bpf/stackmap.c). Programs put them in by bpf_get_stackid; only user space
// reads them.
type stackTrace struct {
	object
	buckets uint32
	traces  map[uint32]trace // by number, below buckets
}

type trace struct {
	hash  uint32
	words []byte // 8 bytes a frame
}

// Flags of bpf_get_stackid.
const (
	StackSkip    = 0xff // mask: frames to leave out
	StackUser    = 1 << 8
	StackFastCmp = 1 << 9  // equal hashes are equal stacks
	StackReuse   = 1 << 10 // a stack may take the place of another
)

func newStackTrace(s *Spec, at Place) *stackTrace {
	t := &stackTrace{buckets: buckets(s.MaxEntries), traces: map[uint32]trace{}}
	t.init(s, at)
	return t
}

// Put files a stack, innermost frame first, and gives its number.
func (t *stackTrace) Put(stack []uint64, flags uint64) (id uint32, err error) {
	if flags&^(StackSkip|StackUser|StackFastCmp|StackReuse) != 0 {
		return 0, EINVAL
	}
	skip := int(flags & StackSkip)
	if len(stack) <= skip {
		return 0, EFAULT
	}
	stack = stack[skip:]
	stack = stack[:min(len(stack), int(t.spec.ValueSize/8))]
	var words []byte
	for _, ip := range stack {
		words = append(words, make([]byte, 8)...)
		t.mem.Order.Binary().PutUint64(words[len(words)-8:], ip)
	}
	hash := jhash(words, 0)
	id = hash & (t.buckets - 1)
	t.mu.Lock()
	defer t.mu.Unlock()
	if old, there := t.traces[id]; there {
		same := old.hash == hash && (flags&StackFastCmp != 0 || slices.Equal(old.words, words))
		if same {
			return id, nil
		}
		if flags&StackReuse == 0 {
			return 0, EEXIST
		}
	}
	t.traces[id] = trace{hash, words}
	return id, nil
}

func (t *stackTrace) userLookup(key, value []byte) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	x, there := t.traces[t.index(key)]
	if !there {
		return ENOENT
	}
	clear(value[copy(value, x.words):])
	return nil
}

func (t *stackTrace) userTake(key, value []byte) error {
	if err := t.userLookup(key, value); err != nil {
		return err
	}
	return t.Delete(key)
}

func (t *stackTrace) Delete(key []byte) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	id := t.index(key)
	if id >= t.buckets {
		return E2BIG
	}
	if _, there := t.traces[id]; !there {
		return ENOENT
	}
	delete(t.traces, id)
	return nil
}

// nextKey goes up from a number that is there, else from 0.
func (t *stackTrace) nextKey(key, next []byte) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	from := uint32(0)
	if key != nil {
		if _, there := t.traces[t.index(key)]; there {
			from = t.index(key) + 1
		}
	}
	for _, id := range slices.Sorted(maps.Keys(t.traces)) {
		if id >= from {
			t.mem.Order.Binary().PutUint32(next, id)
			return nil
		}
	}
	return ENOENT
}

func (t *stackTrace) Entries(dst []Entry) []Entry {
	t.mu.Lock()
	defer t.mu.Unlock()
	from := len(dst)
	for id, x := range t.traces {
		var e *Entry
		dst, e = nextEntry(dst)
		e.Key = t.appendIndex(e.Key, id)
		e.Value = append(append(e.Value, x.words...), make([]byte, int(t.spec.ValueSize)-len(x.words))...)
	}
	sortEntries(dst[from:])
	return dst
}

// StackPutter is a Map of call stacks.
type StackPutter interface {
	Put(stack []uint64, flags uint64) (id uint32, err error)
}
