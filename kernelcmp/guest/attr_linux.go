package guest

import "syscall"

// dieWithUs: a guest does not outlive the process that started it, however that ends;
// and it is a group of its own, so that Ctrl-C is the parent's alone to handle.
func dieWithUs() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setpgid: true}
}

// killGroup ends a process with those that it has started.
func killGroup(pid int) { _ = syscall.Kill(-pid, syscall.SIGKILL) }
