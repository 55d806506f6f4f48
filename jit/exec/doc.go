// Package exec is executable memory.
//
// A chunk of memory is mapped twice: one view can be written, the other run; no
// page is ever both. A program's code is copied into a slot through the one view
// and runs in the other, without a system call. Slots have sizes that are powers of
// two and are used again. Very long programs have mappings of their own, which are
// written and then made executable. Where a host refuses the double map, programs that
// are loaded one after the other share one, and all become executable when one is to
// run.
//
// On arm64 writing is not enough: caches have to be told, and a processor must forget
// what it has fetched. The first is done when a slot is filled, the second at each
// entry into native code. A host may run the old code all the same: qemu-user before
// 8.1 translates a page once. That is found out with the first chunk, and there it is
// done as if the double map were refused: the change of permissions tells such hosts.
package exec
