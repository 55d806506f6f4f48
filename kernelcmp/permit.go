package kernelcmp

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"

	"github.com/lockstep-ebpf/lockstep/kernelcmp/internal/sysbpf"
	"github.com/lockstep-ebpf/lockstep/spec"
	"github.com/lockstep-ebpf/lockstep/vm/hook"
)

// Capabilities by number (include/uapi/linux/capability.h). CAP_SYS_ADMIN stands
// for all of the others.
const (
	capSysAdmin = 21
	capSyslog   = 34 // not needed; with it the kernel shows what its JIT made
	capBPF      = 39
)

var needed = []struct {
	bit  uint
	name string
	why  string
}{
	{capBPF, "CAP_BPF", "to load programs"},
	{12, "CAP_NET_ADMIN", "for xdp and sched_cls"},
	{38, "CAP_PERFMON", "for pointers as numbers"},
}

// keptCaps is what an executor keeps of its capabilities. Kernels before 5.8 have no
// CAP_BPF and ask for CAP_SYS_ADMIN.
func keptCaps() uint64 {
	kept := uint64(1) << capSyslog
	for _, c := range needed {
		kept |= 1 << c.bit
	}
	if b, err := os.ReadFile("/proc/sys/kernel/cap_last_cap"); err == nil {
		if last, err := strconv.Atoi(strings.TrimSpace(string(b))); err == nil && last < capBPF {
			kept |= 1 << capSysAdmin
		}
	}
	return kept
}

// permitted tries what the executor needs of bpf(2): a map, a program, its run.
func permitted() error {
	err := tryOut()
	caps, known := effectiveCaps()
	missing := missingCaps(caps)
	switch {
	case err == nil && (!known || len(missing) == 0):
		return nil
	case errors.Is(err, syscall.ENOSYS), errors.Is(err, errors.ErrUnsupported):
		return errors.New("there is no bpf(2) here: it needs a 64-bit Linux whose kernel has CONFIG_BPF_SYSCALL")
	case known && len(missing) > 0:
		return fmt.Errorf("bpf() is not permitted: run as root or with CAP_BPF, CAP_NET_ADMIN and CAP_PERFMON; this process lacks %s%s",
			strings.Join(missing, ", "), sysctl())
	case errors.Is(err, syscall.EPERM):
		return errors.New("bpf() is not permitted, though this process has the capabilities: look for a seccomp filter (a container's default " +
			"profile), a user namespace, or kernel lockdown")
	}
	return fmt.Errorf("bpf() does not work here: %w", err)
}

func tryOut() error {
	v, err := newValue(8)
	if err != nil {
		return fmt.Errorf("map create: %w", err)
	}
	defer sysbpf.Close(v.fd)
	defer sysbpf.UnmapMemory(v.bytes)
	insns := append([]spec.Insn{{Op: spec.MOV}}, storeR0(v.fd)...)
	fd, err := sysbpf.LoadProg(&sysbpf.Prog{Type: uint32(hook.SocketFilter), Code: spec.Encode(insns, hostOrder)})
	if err != nil {
		return fmt.Errorf("program load: %w", err)
	}
	defer sysbpf.Close(fd)
	if err := sysbpf.RunProg(fd, &sysbpf.Run{Data: make([]byte, etherHeader+1)}); err != nil {
		return fmt.Errorf("test run: %w", err)
	}
	return nil
}

// effectiveCaps reads this process's capabilities from /proc.
func effectiveCaps() (caps uint64, known bool) {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0, false
	}
	for line := range strings.Lines(string(status)) {
		if hex, ok := strings.CutPrefix(line, "CapEff:"); ok {
			caps, err = strconv.ParseUint(strings.TrimSpace(hex), 16, 64)
			return caps, err == nil
		}
	}
	return 0, false
}

func missingCaps(caps uint64) []string {
	if caps>>capSysAdmin&1 != 0 {
		caps |= 1<<39 | 1<<38 // both were split off it
	}
	var missing []string
	for _, c := range needed {
		if caps>>c.bit&1 == 0 {
			missing = append(missing, c.name+" ("+c.why+")")
		}
	}
	return missing
}

// sysctl mentions the switch that people find first. It alone is not enough.
func sysctl() string {
	b, err := os.ReadFile("/proc/sys/kernel/unprivileged_bpf_disabled")
	if err != nil {
		return ""
	}
	return " (kernel.unprivileged_bpf_disabled is " + strings.TrimSpace(string(b)) + ")"
}
