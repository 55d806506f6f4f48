package release

// What the tests of package release_test ask of the tables as they stand.

// AllowedSet is the helpers of a hook, by its place in Hooks; nil if there is no such hook.
func (r *Release) AllowedSet(hook int) *Set { return r.allowed.hook(hook) }
