// Package kernelbtf reads what a kernel says of itself: its types, as BTF, and the options
// that it was built with. The verifier walks its types, and objects are relocated by them
// (CO-RE).
//
//	k, err := kernelbtf.Host()                 // /sys/kernel/btf/vmlinux, /proc/config.gz
//	k, err := kernelbtf.Open("vmlinux-6.1")    // a file: raw BTF, or an ELF file with a section .BTF
//
// A file says nothing of options, and so variables of .kconfig have values that nobody
// knows, except [Kernel.Version] if the caller sets it.
package kernelbtf
