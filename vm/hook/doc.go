// Package hook describes program types: what r1 points to when a program starts,
// which bytes of it a program may read and write, and how it finds the packet.
//
// Everything here is data. The sources are Linux's include/uapi/linux/bpf.h for
// the layouts, and each type's is_valid_access in net/core/filter.c for the rules.
package hook
