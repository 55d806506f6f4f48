// Package maps holds the map types, one file each.
//
// A [Spec] is a map's blueprint; [New] makes the live [Map] whose values lie in
// guest memory, so that a program reads and writes them through plain pointers.
// Errors are Linux's error numbers ([Errno]), because that is what a program gets
// to see.
//
// Where a value lies is part of the contract: engines under comparison must hand
// out equal addresses. Element i of an array is at base + i*stride; a hash takes
// the slot freed last, else the lowest unused one. Between two values there are at
// least 16 bytes of red zone.
package maps
