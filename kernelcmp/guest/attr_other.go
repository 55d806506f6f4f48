//go:build !linux

package guest

import (
	"os"
	"syscall"
)

func dieWithUs() *syscall.SysProcAttr { return nil }

func withItsOwn() *syscall.SysProcAttr { return nil }

func killGroup(pid int) {
	if p, err := os.FindProcess(pid); err == nil {
		_ = p.Kill()
	}
}
