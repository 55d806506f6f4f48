// Package witness looks for an input on which a refused program does harm.
//
// A verifier refuses what it cannot prove. Whether the program would really go wrong is
// another question, and a run answers it:
//
//	res := verifier.Verify(c, verifier.Options{})
//	w := witness.Search(c, res.Failure, witness.Options{Machine: ref})
//	switch w.Answer {
//	case witness.Confirmed: // w.Case faults: w.Outcome says where
//	case witness.NotFound:  // w.Tries inputs did no harm: likely a false rejection
//	case witness.Unknown:   // the rule says nothing of values: w.Reason says why
//	}
//
// # What is a witness
//
// The machine checks every access, so three things can be seen: a fault; a register that is
// read at the place of the failure and that nothing has written; a program that is still
// running after as many instructions as a kernel would look at. What a program may read but
// should not (stack that nobody has written, an address put into a map) and what it owes (a
// reference) leaves no trace in a run: there the answer is unknown. So it is for the places
// between two objects: each map value, frame, packet and context has a red zone behind it,
// of 16 bytes behind map values, and an access that jumps over it into the next object
// is none of the machine's business.
//
// # How it is searched for
//
// An input is a packet, a context, memory, a seed of the machine's random numbers, and what
// the maps hold. The inputs of the case come first, then packets of telling lengths and maps
// that are empty or full. Every run is scored by how far along the failure's path it goes.
// Then the best runs are changed:
//
//	directed   at the branch where a run leaves the path, which bytes of the input move the
//	           two operands, and by how much? Where they move in proportion, or bit by bit,
//	           the change that turns the branch is computed and tried. At the failing
//	           instruction the same is done with the failing register, towards the ends
//	           of the range that the verifier had for it.
//	at random  bytes, words, lengths, constants of the program and corners of the ranges;
//	           what takes an edge that no run has taken, or brings the failing register to
//	           a value further out, is kept.
//
// The search depends on the case and on [Options.Seed] alone.
//
// The machine is the caller's: this package imports no engine.
package witness
