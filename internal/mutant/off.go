//go:build !mutants

package mutant

// Built reports whether this binary can have bugs on purpose.
const Built = false

// On is false: this is no mutant build.
func On(ID) bool { return false }

// Enable does nothing in a normal build.
func Enable(ID) {}
