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

// allowedAt is the helpers of a hook, or nil if the release has no such hook.
func (r *Release) allowedAt(hook int) *Set {
	if hook < 0 {
		return nil
	}
	set := r.allowed.hook(hook)
	if set == nil && Hooks[hook].Name == "tracing/fmod_ret" { // not every kernel has what could be asked about
		set = r.allowed.hook(hookNamed("tracing/fexit"))
	}
	if set == nil && Hooks[hook].Type == LircMode2 {
		set = &lirc
	}
	if set == nil && r.lender != nil {
		set = r.lender.allowed.hook(hook)
	}
	return set
}

// HasHook reports whether programs of a type can be loaded at all. An attach type that [Hooks]
// does not list is taken for the type's first one.
func (r *Release) HasHook(t ProgType, attach uint32) bool {
	return r.allowedAt(hookIndex(t, attach)) != nil
}

// Asked reports whether what the release says of a type of programs is what a kernel of that release
// answered.
func (r *Release) Asked(t ProgType, attach uint32) bool {
	return r.allowed.hook(hookIndex(t, attach)) != nil
}

// Allowed reports whether programs of a type are offered a helper, licence and privileges aside. See
// [Release.Refused] too.
func (r *Release) Allowed(id int32, t ProgType, attach uint32) bool {
	return r.allowedHook(id, hookIndex(t, attach))
}

func (r *Release) allowedHook(id int32, hook int) bool {
	set := r.allowedAt(hook)
	if set == nil {
		return false
	}
	switch {
	case set.Has(int(id)):
		return true
	case id == overrideReturn:
		return Hooks[hook].Type == Kprobe
	}
	return id == probeWriteUser && r.lender != nil && r.lender.allowedHook(id, hook)
}

// overrideReturn is a matter of configuration (BPF_KPROBE_OVERRIDE), which no kernel had that was asked.
const overrideReturn = 58

// lirc is what lirc_mode2 programs may call. That type is a matter of configuration too, and so the
// list is by hand; older releases have less of it.
var lirc = mustSet("1-3 5-7 12 77-78 87-89 92 125")

// probeWriteUser is not there while the kernel is locked down, as the one was that was asked.
const probeWriteUser = 36

// Exists reports whether any type of program may call a helper.
func (r *Release) Exists(id int32) bool {
	for i := range Hooks {
		if r.allowedHook(id, i) {
			return true
		}
	}
	return false
}
