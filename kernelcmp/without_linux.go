package kernelcmp

import (
	"fmt"
	"os"
	"runtime"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/lockstep-ebpf/lockstep/kernelcmp/internal/sysbpf"
	"github.com/lockstep-ebpf/lockstep/vm"
)

// without takes capabilities away from this thread, until restore gives them back: they stay permitted and are
// just not in effect.
func without(lacking uint64) (restore func(), err error) {
	if lacking == 0 {
		return func() {}, nil
	}
	runtime.LockOSThread()
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var had [2]unix.CapUserData
	if err := unix.Capget(&header, &had[0]); err != nil {
		runtime.UnlockOSThread()
		return nil, fmt.Errorf("capget: %w", err)
	}
	left := had
	left[0].Effective &^= uint32(lacking)
	left[1].Effective &^= uint32(lacking >> 32)
	if err := unix.Capset(&header, &left[0]); err != nil {
		runtime.UnlockOSThread()
		return nil, fmt.Errorf("capset: %w", err)
	}
	return func() {
		if err := unix.Capset(&header, &had[0]); err != nil {
			panic(fmt.Sprintf("kernelcmp: capabilities do not come back: %v", err)) // they are permitted still
		}
		runtime.UnlockOSThread()
	}, nil
}

// loadWithout loads a program without some capabilities.
func loadWithout(attr *sysbpf.Prog, lacking uint64) (fd int, err error) {
	restore, err := without(lacking)
	if err != nil {
		return -1, err
	}
	defer restore()
	return sysbpf.LoadProg(attr)
}

// denial is what EPERM without a log says. Where nobody may load without CAP_BPF, it says nothing of the
// program.
func denial(lacking uint64) error {
	b, _ := os.ReadFile("/proc/sys/kernel/unprivileged_bpf_disabled")
	if v := strings.TrimSpace(string(b)); lacking>>capBPF&1 != 0 && v != "0" {
		return &vm.Unsupported{What: "unprivileged programs: kernel.unprivileged_bpf_disabled is " + v}
	}
	return &vm.Rejected{Insn: -1, Reason: "EPERM: a capability is missing"}
}
