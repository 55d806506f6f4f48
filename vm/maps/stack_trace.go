package maps

import "slices"

// stackTrace keeps call stacks under a number made from their contents (Linux's
// kernel/bpf/stackmap.c). Programs put them in by bpf_get_stackid; only user space
// reads them.
type stackTrace struct {
	object
	traces []trace // as many as buckets
}

type trace struct {
	hash  uint32
	words []byte // 8 bytes a frame; nil: none
}

// Flags of bpf_get_stackid.
const (
	StackSkip    = 0xff // mask: frames to leave out
	StackUser    = 1 << 8
	StackFastCmp = 1 << 9  // equal hashes are equal stacks
	StackReuse   = 1 << 10 // a stack may take the place of another
)

func newStackTrace(s *Spec, at Place) *stackTrace {
	t := &stackTrace{traces: make([]trace, buckets(s.MaxEntries))}
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
	id = hash & uint32(len(t.traces)-1)
	t.mu.Lock()
	defer t.mu.Unlock()
	old := &t.traces[id]
	if old.words != nil {
		same := old.hash == hash && (flags&StackFastCmp != 0 || slices.Equal(old.words, words))
		if same {
			return id, nil
		}
		if flags&StackReuse == 0 {
			return 0, EEXIST
		}
	}
	*old = trace{hash, words}
	return id, nil
}

func (t *stackTrace) find(key []byte) (*trace, error) {
	if id := t.index(key); id < uint32(len(t.traces)) && t.traces[id].words != nil {
		return &t.traces[id], nil
	}
	return nil, ENOENT
}

func (t *stackTrace) userLookup(key, value []byte) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	x, err := t.find(key)
	if err != nil {
		return err
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
	if t.index(key) >= uint32(len(t.traces)) {
		return E2BIG
	}
	x, err := t.find(key)
	if err != nil {
		return err
	}
	*x = trace{}
	return nil
}

func (t *stackTrace) nextKey(key, next []byte) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	id := uint32(0)
	if key != nil {
		if _, err := t.find(key); err == nil {
			id = t.index(key) + 1
		}
	}
	for ; id < uint32(len(t.traces)); id++ {
		if t.traces[id].words != nil {
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
	for id := range t.traces {
		if words := t.traces[id].words; words != nil {
			var e *Entry
			dst, e = nextEntry(dst)
			e.Key = t.appendIndex(e.Key, uint32(id))
			e.Value = append(append(e.Value, words...), make([]byte, int(t.spec.ValueSize)-len(words))...)
		}
	}
	sortEntries(dst[from:])
	return dst
}

// StackPutter is a Map of call stacks.
type StackPutter interface {
	Put(stack []uint64, flags uint64) (id uint32, err error)
}
