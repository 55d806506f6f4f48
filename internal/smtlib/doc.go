// Package smtlib is what tests need to check SMT-LIB 2 that this project writes: a
// reader of terms, an evaluator, and a solver to ask.
//
// The language is the part of logic QF_BV that package spec uses: bit-vectors,
// Booleans, define-fun. The evaluator follows the definitions of the standard's
// theory FixedSizeBitVectors over integers of any size, and knows nothing of Go's
// machine words: a second source for what a solver would make of a term. It has a
// value for division by zero, as the standard does.
//
// A [Solver] is a z3 process. It is asked about one term at a time and reset for
// each, since its incremental mode takes twice the time for bit-vectors.
package smtlib
