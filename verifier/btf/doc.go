// Package btf is what the verifier asks about types: those of a kernel, and those that an
// object states of its own functions.
//
// Kernels describe their types in BTF, and some programs get pointers to them: what a
// tracepoint passes, the task that runs, a member of either. To judge a load through such a
// pointer is to walk structures:
//
//	r1 = *(u64 *)(r1 + 8)      btf_trace_sched_switch, argument 1: struct task_struct *
//	r2 = *(u64 *)(r1 + 1712)   member real_parent: struct task_struct *
//	r0 = *(u32 *)(r2 + 1704)   member tgid: a number
//
// [Kernel] is the interface that somebody else fills: package host/kernelbtf does it from
// BTF as kernels export it. Types are named by numbers ([ID]), those of the kernel's BTF, for
// instructions name kernel functions and variables by them.
//
// [Walk] is Linux's btf_struct_walk. [Program] is what goes with a program beside its
// instructions: where it attaches, and the prototypes of its functions.
package btf
