// Package oracle decides whether implementations agree, and where they part.
//
//	case ──▶ Run ──▶ outcomes of each target ──▶ Compare ──▶ Mismatch
//	                                                            │
//	                              Locate: both sides, step by step
//	                                                            ▼
//	                                             Place: the instruction
//
// The first target that accepts a case is the reference; every other one is
// compared with it, in the observables that both can show. What the reference VM
// marks as undefined is passed over, which is why it should come first.
//
// Where a case lets fuel be charged in bulk, steps are not compared. Of an engine that
// says where it charges (vm.Meter) the sum is known all the same: the reference VM
// counts how often control comes there.
//
// Not loading a case is a verdict and not a result: it is counted. Only between
// two engines of this project, which all take the same programs, is it a mismatch.
//
// # Where they part
//
// Engines in this process stop exactly at any number of instructions, so the first
// step after which the two states differ can be searched for. A state is more than
// a program can see: stacks are compared too, so a store to a wrong slot is found
// at the store and not at a later load.
package oracle
