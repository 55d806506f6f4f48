// Package mem is guest memory: one linear address space of 4 GiB that every
// program of a World shares.
//
// A guest address is 64 bits wide in a register, and valid below 4 GiB only. What
// may be touched is decided per byte: beside every guest byte stands a shadow byte
// of permission bits ([Read], [Write]) and one mark ([Undef]). Nothing is
// accessible until somebody allows it, so between any two objects there is a red
// zone for free, and an access of 1 to 8 bytes is one load and one comparison:
//
//	guest    | frame 0 (512) | ......... | frame 1 (512) | .........
//	shadow   | R W R W R W R | 0 0 0 0 0 | R W R W R W R | 0 0 0 0 0
//	             access of 8 bytes here: shadow[a:a+8] & RRRRRRRR == RRRRRRRR ?
//
// There are two forms. The window form reserves the whole space, and its shadow,
// from the host; an address is masked to 32 bits and added to a base, so that even
// an engine that checks nothing cannot leave the window. Reserved pages cost
// nothing until touched. The list form holds each region in its own Go slice and
// runs everywhere. Both behave alike, which the tests check by running every case
// on both.
package mem
