// Package state is what the verifier holds to be true at one place of one path: the
// registers, the stack of each active function, the references that must be given back.
//
//	State ── Frames[0] ── Regs r0 … r10      a Reg is a number (num.Scalar) or a pointer:
//	      │            └─ Stack                region + Off + variable part
//	      ├─ Frames[1] …
//	      └─ Refs
//
// # Pointers
//
// A pointer is a region, a constant offset and a variable one: "map value + 4 + [0, 60]".
// The pairs that share an ID share the variable part, as copies do; that is how a null
// check or a comparison with the packet's end reaches all of them.
//
// # Equal numbers
//
// Registers with the same ID hold the same number, but for a constant: rᵢ − Deltaᵢ is the
// same for all. Where a branch narrows one, [State.Sync] narrows the others.
//
// # When is a state as good as one that was looked at?
//
// If the old one allows all that the new one does ([Covers]), nothing new can go wrong, and
// the path ends. What nobody reads does not count: dead registers ([cfg.Graph.Live]) and
// stack slots that were never read after the old state. Nor do numbers on which nothing
// depended: see [Node].
package state
