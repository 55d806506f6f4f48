package release

import (
	"strings"
	"sync"
)

// allowedRow says which helpers there are for some hooks. The tables are in zallowed_*.go.
type allowedRow struct {
	hooks   string // names, by spaces
	helpers string // a Set
}

// matrix is a table of helpers and hooks, made ready when it is first asked.
type matrix struct {
	rows []allowedRow
	once sync.Once
	sets []*Set // one a hook; nil: the release has no such hook
}

func (m *matrix) hook(i int) *Set {
	m.once.Do(func() {
		m.sets = make([]*Set, len(Hooks))
		for _, row := range m.rows {
			set := mustSet(row.helpers)
			for _, name := range strings.Fields(row.hooks) {
				if i := hookNamed(name); i >= 0 {
					m.sets[i] = &set
				}
			}
		}
	})
	if i < 0 {
		return nil
	}
	return m.sets[i]
}

// HasHook reports whether programs of a type can be loaded at all. An attach type that [Hooks]
// does not list is taken for the type's first one.
func (r *Release) HasHook(t ProgType, attach uint32) bool {
	return r.allowed.hook(hookIndex(t, attach)) != nil
}

// Allowed reports whether programs of a type may call a helper, licence and privileges aside.
func (r *Release) Allowed(id int32, t ProgType, attach uint32) bool {
	set := r.allowed.hook(hookIndex(t, attach))
	return set != nil && set.Has(int(id))
}

// Exists reports whether any type of program may call a helper.
func (r *Release) Exists(id int32) bool {
	for i := range Hooks {
		if set := r.allowed.hook(i); set != nil && set.Has(int(id)) {
			return true
		}
	}
	return false
}
