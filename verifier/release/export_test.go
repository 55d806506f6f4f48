package release

import "strings"

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
