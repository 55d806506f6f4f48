package guest

import (
	"os"
	"syscall"
)

// dieWithUs: a guest does not outlive the process that started it, however that ends;
// and it is a group of its own, so that Ctrl-C is the parent's alone to handle.
func dieWithUs() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setpgid: true}
}

// withItsOwn is dieWithUs for a program that leaves processes of its own behind when it
// is killed: where it may be, it is the first of a PID namespace, which ends with it.
func withItsOwn() *syscall.SysProcAttr {
	attr := dieWithUs()
	if os.Getuid() == 0 {
		attr.Cloneflags = syscall.CLONE_NEWPID
	}
	return attr
}

// killGroup ends a process with those that it has started.
func killGroup(pid int) { _ = syscall.Kill(-pid, syscall.SIGKILL) }
