package pid1

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// Link is the way to the host, as kernelcmp.Link's other end sees it.
type Link interface {
	Send(frame []byte) error
	Recv() ([]byte, error)
}

// Is reports whether this process is a guest's first. A container's first process is
// none: its kernel's command line has no lockstep.link.
func Is() bool {
	if os.Getpid() != 1 {
		return false
	}
	if _, err := os.Stat("/proc/cmdline"); err != nil {
		_ = os.MkdirAll("/proc", 0o755)
		_ = unix.Mount("proc", "/proc", "proc", 0, "")
	}
	return argument("lockstep.link") != ""
}

// argument is the value of a parameter on the kernel's command line.
func argument(name string) string {
	b, _ := os.ReadFile("/proc/cmdline")
	for _, field := range strings.Fields(string(b)) {
		if v, ok := strings.CutPrefix(field, name+"="); ok {
			return v
		}
	}
	return ""
}

// Setup makes a system that an executor can work in, and opens the way to the host.
func Setup(stream func(*os.File) Link) (Link, error) {
	for _, m := range []struct{ kind, at string }{{"sysfs", "/sys"}, {"devtmpfs", "/dev"}, {"tmpfs", "/tmp"}} {
		if err := errors.Join(os.MkdirAll(m.at, 0o755), unix.Mount(m.kind, m.at, m.kind, 0, "")); err != nil && !errors.Is(err, unix.EBUSY) {
			return nil, fmt.Errorf("mount %s: %w", m.at, err)
		}
	}
	if err := loadModules(); err != nil {
		return nil, err
	}
	// Where the JIT is off by default (riscv64) it is turned on; where there is none,
	// there is no such file.
	if v := argument("lockstep.jit"); v != "" {
		_ = os.WriteFile("/proc/sys/net/core/bpf_jit_enable", []byte(v), 0)
	}
	// Executors drop capabilities to see what is refused without them; the host's own switch is not touched.
	_ = os.WriteFile("/proc/sys/kernel/unprivileged_bpf_disabled", []byte("0"), 0)
	switch kind, dir, _ := strings.Cut(argument("lockstep.link"), ":"); kind {
	case "virtio":
		f, err := openPort("lockstep")
		if err != nil {
			return nil, err
		}
		return stream(f), nil
	case "hostfs":
		return openHostFS(dir)
	default:
		return nil, fmt.Errorf("lockstep.link=%s: want virtio or hostfs:DIR", kind)
	}
}

func loadModules() error {
	list, err := os.ReadFile("/modules")
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, path := range strings.Fields(string(list)) {
		f, err := os.Open(path)
		if err != nil {
			return err
		}
		err = unix.FinitModule(int(f.Fd()), "", 0)
		f.Close()
		if err != nil && !errors.Is(err, unix.EEXIST) {
			return fmt.Errorf("module %s: %w", path, err)
		}
	}
	return nil
}

// openPort opens a virtio-serial port by the name that the host has given it. The
// device may take a moment to appear.
func openPort(name string) (*os.File, error) {
	for range 500 {
		dirs, _ := filepath.Glob("/sys/class/virtio-ports/*")
		for _, dir := range dirs {
			if b, err := os.ReadFile(filepath.Join(dir, "name")); err != nil || strings.TrimSpace(string(b)) != name {
				continue
			}
			fd, err := unix.Open("/dev/"+filepath.Base(dir), unix.O_RDWR|unix.O_CLOEXEC, 0)
			if err == nil {
				return os.NewFile(uintptr(fd), name), nil // blocking: no poller takes part
			}
		}
		time.Sleep(10 * time.Millisecond)
	}
	return nil, fmt.Errorf("there is no virtio-serial port %q: is virtio_console a module that the image lacks?", name)
}

// PowerOff ends the machine.
func PowerOff() {
	unix.Sync()
	_ = unix.Reboot(unix.LINUX_REBOOT_CMD_POWER_OFF)
	select {}
}
