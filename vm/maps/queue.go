package maps

import "slices"

// queue is a first-in first-out list, or a last-in first-out one: a stack (Linux's
// kernel/bpf/queue_stack_maps.c). Programs see copies of values only, so these are
// not in guest memory.
type queue struct {
	object
	values [][]byte // oldest first
}

func newQueue(s *Spec, at Place) *queue {
	q := &queue{}
	q.init(s, at)
	return q
}

// Push adds a value. Exist makes room in a full map by dropping the oldest.
func (q *queue) Push(value []byte, flags uint64) error {
	if flags&NoExist != 0 || flags > Exist {
		return EINVAL
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.values) == int(q.spec.MaxEntries) {
		if flags != Exist {
			return E2BIG
		}
		q.values = slices.Delete(q.values, 0, 1)
	}
	q.values = append(q.values, slices.Clone(value))
	return nil
}

// Pop removes the first value. Where there is none, dst becomes zero.
func (q *queue) Pop(dst []byte) error { return q.read(dst, true) }

// Peek is Pop without removing.
func (q *queue) Peek(dst []byte) error { return q.read(dst, false) }

func (q *queue) read(dst []byte, remove bool) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.values) == 0 {
		clear(dst)
		return ENOENT
	}
	i := 0
	if q.spec.Type == Stack {
		i = len(q.values) - 1
	}
	copy(dst, q.values[i])
	if remove {
		q.values = slices.Delete(q.values, i, i+1)
	}
	return nil
}

// Entries come in the order of popping.
func (q *queue) Entries(dst []Entry) []Entry {
	q.mu.Lock()
	defer q.mu.Unlock()
	for i := range q.values {
		if q.spec.Type == Stack {
			i = len(q.values) - 1 - i
		}
		var e *Entry
		dst, e = nextEntry(dst)
		e.Value = append(e.Value, q.values[i]...)
	}
	return dst
}

func (q *queue) userLookup(_, value []byte) error               { return q.Peek(value) }
func (q *queue) userUpdate(_, value []byte, flags uint64) error { return q.Push(value, flags) }
func (q *queue) userTake(_, value []byte) error                 { return q.Pop(value) }
func (q *queue) nextKey(_, _ []byte) error                      { return EINVAL }
