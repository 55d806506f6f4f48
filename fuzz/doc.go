// Package fuzz generates programs, runs them on several implementations, and
// makes findings of what disagrees.
//
//	fuzz/tape     the choice tape: bytes or a seed, as answers to questions
//	fuzz/gen      programs from a tape
//	fuzz/oracle   do the targets agree, and where do they part
//	fuzz/claims   the verifier as a target: does a run do what was claimed
//	fuzz/reduce   the shortest case that shows it
//	reports       findings on disk
//	fuzz          the loop over all of these
//
// # A campaign
//
// A [Campaign] is a sequence of units of [UnitSize] programs. Program n depends on
// the seed and on n alone. Workers take units as they come; their results are
// taken in by one collector in the order of units, so that findings, counts and
// coverage of so many programs are the same whatever the number of workers.
//
//	units 0 1 2 3 … ──▶ worker ─┐
//	                ──▶ worker ─┼─▶ collector ──▶ counts, coverage,
//	                ──▶ worker ─┘   (in order)    findings reduced and written
//
// Each worker has its own targets. What is found is identified by the worker,
// which costs little; only the first finding of each signature is reduced, by the
// collector.
//
// A stopped campaign goes on where it was: the collector saves how many whole units
// it has taken in, with their counts.
package fuzz
