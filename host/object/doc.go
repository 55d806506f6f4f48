// Package object reads compiled BPF programs from ELF files.
//
// It needs no kernel, no root and no Linux: cilium/ebpf's reader takes the ELF
// apart and links it, and this package puts the parts into the terms of package vm.
//
//	ELF section            becomes
//	xdp, tc, raw_tp/…, …   a Program: the section's name gives the type
//	.text                  subprograms, appended to every program that calls them
//	.maps                  a map
//	.rodata .data .bss     an array with one entry, which holds the section
//
// Reading and running are apart. [Read] takes what an object says, known to this
// project or not, so that a tool can list and disassemble any object. [Object.Case]
// makes one program runnable, and says what stands in the way.
//
// What a program needs of a kernel (CO-RE relocations, kernel functions and variables,
// options of its configuration) is resolved if [ReadFor] is given one, see package
// kernelbtf; [Object.CaseToVerify] makes a case for the verifier of any program.
//
//	obj, err := object.Open("firewall.o")
//	c, err := obj.Case("firewall", vm.Input{Packet: frame})
//	outcomes := target.Run(c)
package object
