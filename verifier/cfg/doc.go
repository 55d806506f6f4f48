// Package cfg is what can be known of a program before any of it is followed: its
// functions, where control may go, and which registers somebody will still read.
//
//	slot   0  r6 = r1              function 0 ── 0 … 5
//	       1  call pc+4 ─────────▶ function 1 ── 6 … 8
//	       2  if r0 == 0 goto +2   two edges: 3 and 5
//	       …
//
// [Build] refuses what Linux's check_subprogs and check_cfg refuse: jumps out of a
// function or into the second half of an LDDW, a function that runs off its end, slots
// that no path reaches. It answers with the first mistake in the kernel's order and
// words. Loops are no mistake: they are walked.
//
// # Liveness
//
// [Graph.Live] has, for each slot, the registers that some path from there may read before
// it writes them. A state with 17 in a dead register is as good as one with 18. It is
// computed backwards, function by function, until nothing changes; what a call reads of
// r1 to r5 its caller says ([Options.Args]).
//
// # Where to look back
//
// [Graph.Prune] marks slots at which paths meet, so that it pays to compare with a state
// that was here before: conditional jumps, targets of jumps, where functions begin, what
// follows calls. They are Linux's, so that as many instructions are looked at as there.
package cfg
