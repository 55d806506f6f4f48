//go:build unix

package plugin

import (
	"os/exec"
	"syscall"
)

// ownGroup puts the process into a group of its own: Ctrl-C at the terminal is
// meant for us, and a plugin that it killed would look as if a program had.
func ownGroup(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

// killGroup ends the process and what it has started, such as the interpreter of
// a script.
func killGroup(cmd *exec.Cmd) error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
