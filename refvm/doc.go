// Package refvm is the executable meaning of eBPF: a machine that evaluates the
// table of package spec.
//
// Nothing here knows what an instruction does. [Engine] looks up the row of each
// slot and carries out the row's tree, node by node (walk.go: expr gives an
// expression its value, stmt does a step). What the machine adds is what the nodes
// need: registers, frames (call.go), guest memory (memory.go), and which values
// are defined.
//
// # Defined and undefined
//
// r1 to r5 after a call, r0 after a void helper, a register or a stack byte that
// nobody has written: reading them is no fault, but their value is nobody's
// business. Every register and every guest byte carries a mark. An operator's
// result is undefined if an operand is. If control or an address depends on an
// undefined value the whole run is tainted, and nothing of it is compared.
//
// # The fast form
//
// Walking trees is slow, so zexec.go holds the same trees written out as Go, one
// case a row. It is generated (refvm/gen), and a test runs both forms against
// each other. It stands for the table, not beside it: a mistake in the table is in
// both, and it is the other engines that would notice. [Engine.Walk] selects the
// trees themselves.
package refvm
