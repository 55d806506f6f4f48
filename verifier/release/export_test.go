package release

import (
	"fmt"
	"strings"
)

// What the tests of package release_test ask of the tables as they stand.

// AllowedSet is the helpers of a hook, by its place in Hooks; nil if there is no such hook.
func (r *Release) AllowedSet(hook int) *Set { return r.allowed.hook(hook) }

// CtxRow is a row of a table of contexts, without its hooks.
type CtxRow struct {
	Read, Write [4]string
	Kinds       string
}

// ContextRow is a hook's row, by its place in Hooks; nil if there is none.
func (r *Release) ContextRow(hook int) *CtxRow {
	for _, row := range r.contexts.rows {
		for _, name := range strings.Fields(row.hooks) {
			if name == Hooks[hook].Name {
				return &CtxRow{row.read, row.write, row.kinds}
			}
		}
	}
	return nil
}

// HelpersWith are the helpers of a hook that are for those with CAP_BPF, and with CAP_PERFMON.
func (r *Release) HelpersWith(hook int) (bpf, perfmon string) {
	sets := r.caps.hook(Hooks[hook].Name)
	return sets[0].String(), sets[1].String()
}

// Facts is a table of facts by name of hook, or number of helper.
type Facts struct {
	Returns, Maps                 map[string]string
	MapTypes, Sleepable, Switches string
	Lookup, Update, Delete        string // hooks at which sockmaps may be
}

// Facts gives the release's table.
func (r *Release) Facts() Facts {
	f := Facts{
		Returns: map[string]string{}, Maps: map[string]string{}, MapTypes: r.facts.mapTypes, Sleepable: r.facts.sleepable,
		Switches: r.facts.switches, Lookup: r.facts.sockmaps[1], Update: r.facts.sockmaps[2], Delete: r.facts.sockmaps[3],
	}
	for _, row := range r.facts.returns {
		for _, h := range strings.Fields(row.hooks) {
			f.Returns[h] = fmt.Sprint(row.lo, " ", row.hi)
		}
	}
	for _, row := range r.facts.maps {
		for _, id := range mustSet(row.helpers).All() {
			f.Maps[fmt.Sprint(id)] = row.types
		}
	}
	return f
}

// Arguments are the tables of typed contexts.
func Arguments() (tracepoints, iterators map[string]string) { return tracepoints6_18, iterators6_18 }
