package verifier

import (
	"slices"

	"github.com/lockstep-ebpf/lockstep/verifier/state"
)

// trust is a path that has ended at a state that was still being looked into. That the
// state covers it holds for what was known to matter of it by then.
//
//	head ──▶ cp ──▶ … ──▶ back at head, which covers
//	  │      ▲
//	  │      └─ s is as good as cp, but what follows head will be demanded of cp too
//	  └─────▶ array[r6]: r6 matters, at head, so at cp, so at s
//
// So when all paths from head are done, the two are compared again. A path that does not
// pass goes on where it was. Linux compares such states in full instead, which never has
// to be taken back but tells apart what nothing depends on; and in callbacks it does not
// (see RATIONALE.md).
type trust struct {
	s      *state.State
	cp     *state.Checkpoint
	inFull bool // how they were compared
}

// settle looks at what was trusted in vain or not, as far as that can be known.
func (e *explorer) settle() {
	if len(e.trusted) == 0 {
		return
	}
	for news := true; news; { // what is read after a loop is read after each of its rounds
		news = false
		for _, t := range e.trusted {
			news = t.s.InheritReads(t.cp) || news
		}
	}
	var again []*state.State
	for _, t := range e.trusted {
		if !t.cp.Open() && !e.stillCovers(&t) {
			again = append(again, t.s)
		}
	}
	for _, s := range again {
		s.Reopen()
	}
	e.pending = append(e.pending, again...)
	kept := e.trusted[:0]
	for _, t := range e.trusted { // what goes on may demand more, also of those that have passed
		if t.cp.Open() && !slices.Contains(again, t.s) {
			kept = append(kept, t)
		}
	}
	clear(e.trusted[len(kept):])
	e.trusted = kept
}

func (e *explorer) stillCovers(t *trust) bool {
	p := state.AsNeeded
	if t.inFull || e.options.Exact {
		p = state.InFull
	}
	return t.cp.Covers(t.s, e.liveNow(t.s), p)
}
