package release

import (
	"slices"
	"strings"
)

// facts are what a kernel was asked besides helpers and contexts. The tables are in zfacts_*.go.
type facts struct {
	returns   []returnRow
	maps      []mapRow
	mapTypes  string // a Set: types of which there are maps
	sleepable string // a Set: types of maps that sleepable programs may use
	switches  string // those that are on, by spaces
}

// returnRow is the range in which r0 has to be at the exit of the main program.
type returnRow struct {
	hooks  string
	lo, hi int64
}

// mapRow says which types of maps helpers take as their map.
type mapRow struct{ helpers, types string } // Sets

// Return is the range in which r0 has to be when a program ends; ok is false where any value will
// do, a scalar that is.
func (r *Release) Return(t ProgType, attach uint32) (lo, hi int64, ok bool) {
	i := hookIndex(t, attach)
	if i < 0 {
		return 0, 0, false
	}
	for _, row := range r.facts.returns {
		if slices.Contains(strings.Fields(row.hooks), Hooks[i].Name) {
			return row.lo, row.hi, true
		}
	}
	if r.lender != nil && r.allowed.hook(i) == nil {
		return r.lender.Return(t, attach)
	}
	return 0, 0, false
}

// HasMap reports whether there are maps of a type, by its number in enum bpf_map_type.
func (r *Release) HasMap(mapType uint32) bool { return mustSet(r.facts.mapTypes).Has(int(mapType)) }

// TakesMap reports whether a helper takes maps of a type. A helper without a row was not asked about
// maps; so answers [Release.MapsKnown].
func (r *Release) TakesMap(id int32, mapType uint32) bool {
	for _, row := range r.facts.maps {
		if mustSet(row.helpers).Has(int(id)) {
			return mustSet(row.types).Has(int(mapType))
		}
	}
	return false
}

// MapsKnown reports whether [Release.TakesMap] knows about a helper.
func (r *Release) MapsKnown(id int32) bool {
	return slices.ContainsFunc(r.facts.maps, func(row mapRow) bool { return mustSet(row.helpers).Has(int(id)) })
}

// SleepableMap reports whether programs that may sleep may use maps of a type.
func (r *Release) SleepableMap(mapType uint32) bool {
	return mustSet(r.facts.sleepable).Has(int(mapType))
}

// Has reports whether a switch is on.
func (r *Release) Has(s Switch) bool {
	return slices.Contains(strings.Fields(r.facts.switches), string(s))
}
