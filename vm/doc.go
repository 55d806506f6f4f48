// Package vm is what all engines share: what a program is, the world it runs in,
// and what can be said of a run.
//
//	Case ──▶ Target.Run ──▶ []Outcome            one outcome an input
//	           │
//	           │ an engine's target, step by step
//	           ▼
//	         World     guest memory, maps, loaded programs   (Reset between cases)
//	         Loaded    a Program checked and resolved against a World
//	         Instance  what an Engine made of a Loaded
//	         Machine   one CPU: registers at entry, stack, clock, seed, fuel
//
// A [Case] is everything that a run depends on. A [Target] is anything that can
// run one: an engine of this project, the Linux kernel, a process that speaks the
// plugin protocol. Whoever compares knows only Targets and Outcomes.
//
// # What a run may not do
//
// In checked mode every byte that a program touches must have been allowed (see
// package mem), and an access that is not ends the run with a [Fault] whose kind,
// pc and address are equal in all engines. In trusted mode, for programs that a
// verifier has accepted, addresses are masked to the window and nothing is checked.
//
// # What is not compared
//
// Some values are nobody's business: r1 to r5 after a call, stack that was never
// written. The reference VM tracks them, and marks what they reach as undefined.
//
// Steps are compared where fuel is exact. Where it may be charged in bulk
// (Case.FastFuel) engines count differently, and an instance may say how ([Meter]).
package vm
