// Package sysbpf is the few commands of bpf(2) that the executor needs, with
// nothing in between: the bytes of a program reach the verifier as they are,
// however malformed, and the context of a syscall program comes back.
//
// The layouts are those of union bpf_attr in Linux's include/uapi/linux/bpf.h.
// Errors are the kernel's numbers, as syscall.Errno. Where there is no bpf(2), every
// function returns [errors.ErrUnsupported].
package sysbpf
