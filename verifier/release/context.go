package release

import (
	"fmt"
	"strconv"
	"strings"
	"sync"
)

// ctxRow says what of their contexts programs may touch, for hooks for which it is the same. The
// tables are in zcontext_*.go.
type ctxRow struct {
	hooks string    // names, by spaces
	read  [4]string // Sets of offset/size, for sizes 1, 2, 4, 8
	write [4]string
	kinds string // "76:pkt 80:pkt_end": what loads of an offset give that is no scalar
}

// ctxTable is a table of contexts, made ready when it is first asked.
type ctxTable struct {
	rows  []ctxRow
	once  sync.Once
	hooks []*Context // nil: not in the table
}

// Context is what of its context a program may touch.
type Context struct {
	read, write [4]Set
	kinds       map[uint32]string
}

func (t *ctxTable) hook(i int) *Context {
	t.once.Do(func() {
		t.hooks = make([]*Context, len(Hooks))
		for n := range t.rows {
			c, err := parseContext(&t.rows[n])
			if err != nil {
				panic(err) // a test reads the tables whole
			}
			for _, name := range strings.Fields(t.rows[n].hooks) {
				if i := hookNamed(name); i >= 0 {
					t.hooks[i] = c
				}
			}
		}
	})
	if i < 0 {
		return nil
	}
	return t.hooks[i]
}

func parseContext(row *ctxRow) (c *Context, err error) {
	c = &Context{kinds: map[uint32]string{}}
	for i := range 4 {
		if c.read[i], err = ParseSet(row.read[i]); err != nil {
			return nil, err
		}
		if c.write[i], err = ParseSet(row.write[i]); err != nil {
			return nil, err
		}
	}
	for _, part := range strings.Fields(row.kinds) {
		off, kind, _ := strings.Cut(part, ":")
		n, err := strconv.ParseUint(off, 10, 16)
		if err != nil {
			return nil, fmt.Errorf("kinds of %s: %q: %w", row.hooks, part, err)
		}
		c.kinds[uint32(n)] = kind
	}
	return c, nil
}

// Field is a verdict on an access to a context.
type Field struct {
	OK   bool
	Kind string // of a load: "scalar", "pkt", "pkt_end", "pkt_meta", "sock_common_or_null", … as the kernel's log has it
}

// Access says whether a load or store of size bytes at an offset is allowed.
func (c *Context) Access(off, size uint32, write bool) Field {
	log := 0
	for log < 4 && 1<<log < size {
		log++
	}
	if log > 3 || 1<<log != size || off%size != 0 {
		return Field{}
	}
	sets := &c.read
	if write {
		sets = &c.write
	}
	if !sets[log].Has(int(off / size)) {
		return Field{}
	}
	if kind := c.kinds[off]; kind != "" && !write {
		return Field{true, kind}
	}
	return Field{true, "scalar"}
}

// Context gives the table of a hook's context, or nil if there is none: of programs whose context is
// described by the kernel's BTF.
func (r *Release) Context(t ProgType, attach uint32) *Context {
	c := r.contexts.hook(hookIndex(t, attach))
	if c == nil && r.lender != nil {
		c = r.lender.contexts.hook(hookIndex(t, attach))
	}
	return c
}

// Field says whether a program may load (or store) size bytes at an offset of its context. Two
// contexts are as long as whoever calls the program makes them, and so have a rule instead of a row.
func (r *Release) Field(t ProgType, attach uint32, off, size uint32, write bool) Field {
	c := r.Context(t, attach)
	switch {
	case t == LircMode2: // a number, by hand: no kernel that was asked has the type
		return Field{OK: !write && off == 0 && size == 4, Kind: "scalar"}
	case c == nil:
		return Field{}
	case t == Tracepoint && off >= 8:
		return Field{OK: !write && whole(off, size, r.Limits().TracepointContext), Kind: "scalar"}
	case t == Syscall:
		return Field{OK: whole(off, size, SyscallContext), Kind: "scalar"}
	}
	return c.Access(off, size, write)
}

// whole reports whether a load or store is aligned and within a context of some bytes.
func whole(off, size, limit uint32) bool {
	return size > 0 && size <= 8 && size&(size-1) == 0 && off%size == 0 && off < limit && size <= limit-off
}
