package release

import (
	"slices"
	"strings"
	"sync"
)

// facts are what a kernel was asked besides helpers and contexts. The tables are in zfacts_*.go.
type facts struct {
	returns   []returnRow
	maps      []mapRow
	sockmaps  map[int32]string // of helpers 1, 2, 3: hooks at which they take sockmaps and sockhashes, by spaces
	mapTypes  string           // a Set: types of which there are maps
	sleepable string           // a Set: types of maps that sleepable programs may use
	switches  string           // those that are on, by spaces

	once  sync.Once
	index factIndex
}

// returnRow is the range in which r0 has to be at the exit of the main program.
type returnRow struct {
	hooks  string
	lo, hi int64
}

// mapRow says which types of maps helpers take as their map.
type mapRow struct{ helpers, types string } // Sets

// factIndex is facts as they are looked up.
type factIndex struct {
	returns             []*returnRow // one a hook; nil: any value
	maps                map[int32]Set
	mapTypes, sleepable Set
	switches            map[Switch]bool
}

func (f *facts) ready() *factIndex {
	f.once.Do(func() {
		x := &f.index
		x.returns = make([]*returnRow, len(Hooks))
		for n := range f.returns {
			for _, name := range strings.Fields(f.returns[n].hooks) {
				if i := hookNamed(name); i >= 0 {
					x.returns[i] = &f.returns[n]
				}
			}
		}
		x.maps = map[int32]Set{}
		for _, row := range f.maps {
			for _, id := range mustSet(row.helpers).All() {
				x.maps[int32(id)] = mustSet(row.types)
			}
		}
		x.mapTypes, x.sleepable = mustSet(f.mapTypes), mustSet(f.sleepable)
		x.switches = map[Switch]bool{}
		for _, s := range strings.Fields(f.switches) {
			x.switches[Switch(s)] = true
		}
	})
	return &f.index
}

// Return is the range in which r0 has to be when a program ends; ok is false where any value will
// do, a scalar that is.
func (r *Release) Return(t ProgType, attach uint32) (lo, hi int64, ok bool) {
	i := hookIndex(t, attach)
	if i < 0 {
		return 0, 0, false
	}
	if row := r.facts.ready().returns[i]; row != nil {
		return row.lo, row.hi, true
	}
	if r.lender != nil && r.allowed.hook(i) == nil {
		return r.lender.Return(t, attach)
	}
	return 0, 0, false
}

// HasMap reports whether there are maps of a type, by its number in enum bpf_map_type.
func (r *Release) HasMap(mapType uint32) bool { return r.facts.ready().mapTypes.Has(int(mapType)) }

// TakesMap reports whether a helper takes maps of a type. A helper without a row was not asked about
// maps; so answers [Release.MapsKnown].
func (r *Release) TakesMap(id int32, mapType uint32) bool {
	return r.facts.ready().maps[id].Has(int(mapType))
}

// SockMap reports whether programs of a type may look up (helper 1), update (2) or delete (3) elements
// of sockmaps and sockhashes. There the type of program decides. The
// value of an update is a socket ([BTFSock]), and so types whose programs have none are not listed.
func (r *Release) SockMap(id int32, t ProgType, attach uint32) bool {
	i := hookIndex(t, attach)
	return i >= 0 && slices.Contains(strings.Fields(r.facts.sockmaps[id]), Hooks[i].Name)
}

// MapsKnown reports whether [Release.TakesMap] knows about a helper.
func (r *Release) MapsKnown(id int32) bool {
	_, ok := r.facts.ready().maps[id]
	return ok
}

// SleepableMap reports whether programs that may sleep may use maps of a type.
func (r *Release) SleepableMap(mapType uint32) bool {
	return r.facts.ready().sleepable.Has(int(mapType))
}

// Has reports whether a switch is on.
func (r *Release) Has(s Switch) bool {
	if on, ok := r.set[s]; ok {
		return on
	}
	return r.facts.ready().switches[s]
}
