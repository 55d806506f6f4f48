// Package mutant plants known bugs, so that the testbed can prove that it finds
// them.
//
// A place that can be wrong asks [On]:
//
//	if mutant.On(mutant.Mod32ZeroKeepsUpper) {
//		return dst // what the bug did
//	}
//
// In a normal build On is the constant false and the compiler drops the branch. A
// binary built with -tags mutants has one bug at a time, chosen by [Enable].
package mutant

// ID names a planted bug.
type ID uint16

// Mutant is a planted bug.
type Mutant struct {
	ID    ID
	Name  string // in kebab case
	Where string // the package it sits in; jit for bugs that both lowerings have
	What  string // what the code does wrong, in one line
	Like  string // the historical bug it is modelled on
}

// ByName finds a mutant in All.
func ByName(name string) (Mutant, bool) {
	for _, m := range All {
		if m.Name == name {
			return m, true
		}
	}
	return Mutant{}, false
}
