// Package gen makes programs that Linux's verifier accepts, from any tape.
//
//	g := gen.New(gen.Options{Mix: gen.Everything})
//	c := g.Generate(tape.FromSeed(7)) // a *vm.Case, valid until the next Generate
//
// # Valid by construction
//
// While it writes instructions the generator keeps a light shadow of what a
// verifier would know at that place: which registers hold scalars, which hold
// pointers and how far those reach, which bytes of the frame have been written.
// It asks no verifier. Where two paths meet, the shadow keeps what both have in
// common. Loops end by construction; every load is of something written; what a
// call leaves undefined is never read.
//
// # Nothing is lost
//
// A wrong result in the middle of a program is of use only if it can be seen at
// the end. So every function has an accumulator, a register that is only ever
// changed by operations that lose nothing. A register whose value has not been
// passed on is called hot. Before a hot register is overwritten, or put through an
// operation that loses bits, it is folded into the accumulator or into another
// register. The epilogue folds what is left, and puts the accumulator into r0 and
// into the context, a map or the packet where the program type has them.
//
// # Not observable
//
// Clocks, random numbers and CPU numbers differ from machine to machine: their
// results are turned into 0 at once. Pointers are never stored where a comparison
// sees them, and never become numbers.
//
// # The other layer
//
// [Perturb] takes a valid case and breaks it, so that it faults at run time. Such
// cases go to checked engines only, never to a kernel.
package gen
