package guest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/lockstep-ebpf/lockstep/kernelcmp"
)

// startTimeout is how long qemu may take to answer. A guest's first word has a limit of
// its own, in kernelcmp.
const startTimeout = time.Minute

// board is how qemu emulates a machine for a kernel of an architecture.
type board struct {
	binary, pkg string   // the emulator, and the package of Debian that has it
	args        []string // machine and processor
	console     string   // of the kernel
	serial      []string // what the console is at qemu's end; its character device is con
	port        string   // the virtio-serial device
}

var boards = map[string]board{
	"amd64": {
		"qemu-system-x86_64", "qemu-system-x86",
		[]string{"-M", "pc", "-cpu", "qemu64"},
		"ttyS0",
		[]string{"-serial", "chardev:con"},
		"virtio-serial-pci",
	},
	"s390x": {
		"qemu-system-s390x", "qemu-system-misc",
		[]string{"-M", "s390-ccw-virtio", "-cpu", "max"},
		"ttysclp0",
		[]string{"-device", "sclpconsole,chardev=con"},
		"virtio-serial-ccw",
	},
}

// commandLine is the kernel's. An oops ends the machine, so that it is noticed at the
// case that made it.
const commandLine = "quiet nokaslr mitigations=off cryptomgr.notests oops=panic panic=-1 GODEBUG=" + kernelcmp.NoPreemption

// machine is a guest under qemu.
type machine struct {
	*kernelcmp.Frames
	board   board
	dir     string // its sockets and initramfs
	cmd     *exec.Cmd
	console kernelcmp.Tail
	exited  chan struct{}
	err     error // of qemu; valid after exited
	qmp     *qmp
	hello   []byte // of a restored machine: what it said before it was saved
}

// startQEMU starts a machine; with a snapshot it goes on where that was saved.
func startQEMU(ctx context.Context, img *Image, initramfs []byte, from *snapshot) (m *machine, err error) {
	b, ok := boards[img.Rung.Arch]
	if !ok {
		return nil, fmt.Errorf("%w: no machine for %s", ErrUnavailable, img.Rung.Arch)
	}
	binary, err := exec.LookPath(b.binary)
	if err != nil {
		return nil, fmt.Errorf("%w: %s is not installed: apt-get install %s", ErrUnavailable, b.binary, b.pkg)
	}
	m = &machine{board: b, exited: make(chan struct{})}
	if m.dir, err = os.MkdirTemp("", "lockstep-"); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			m.Kill()
			err = fmt.Errorf("kernel %s: %w", img.Rung.Name, err)
		}
	}()
	initrd := filepath.Join(m.dir, "initramfs")
	if err := os.WriteFile(initrd, initramfs, 0o600); err != nil {
		return nil, err
	}
	link, err := net.Listen("unix", filepath.Join(m.dir, "link"))
	if err != nil {
		return nil, err
	}
	defer link.Close()
	control, err := net.Listen("unix", filepath.Join(m.dir, "qmp"))
	if err != nil {
		return nil, err
	}
	defer control.Close()

	m.cmd = exec.Command(binary, m.arguments(img, initrd, from)...)
	m.cmd.Stdout, m.cmd.Stderr = &m.console, &m.console
	m.cmd.SysProcAttr = dieWithUs()
	if err := m.cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		m.err = m.cmd.Wait()
		close(m.exited)
	}()
	port, err := m.accept(ctx, link)
	if err != nil {
		return nil, err
	}
	m.Frames = kernelcmp.NewFrames(port, port)
	c, err := m.accept(ctx, control)
	if err != nil {
		return nil, err
	}
	if from != nil {
		m.hello = from.hello
	}
	m.qmp, err = newQMP(c)
	return m, err
}

func (m *machine) arguments(img *Image, initrd string, from *snapshot) []string {
	cmdline := fmt.Sprintf("console=%s %s lockstep.link=virtio lockstep.jit=1", m.board.console, commandLine)
	args := append([]string{
		"-accel", "tcg", "-m", "256", "-smp", "2", // as many CPUs as a World has, for maps with a value a CPU
		"-nodefaults", "-display", "none", "-no-reboot",
		"-kernel", filepath.Join(img.Dir, img.Kernel), "-initrd", initrd, "-append", cmdline,
		"-chardev", "stdio,id=con,signal=off",
		"-chardev", "socket,id=link,path=" + filepath.Join(m.dir, "link"),
		"-device", m.board.port, "-device", "virtserialport,chardev=link,name=lockstep",
		"-chardev", "socket,id=qmp,path=" + filepath.Join(m.dir, "qmp"), "-mon", "chardev=qmp,mode=control",
	}, m.board.args...)
	args = append(args, m.board.serial...)
	if from != nil {
		args = append(args, "-incoming", "exec:cat < "+quoted(from.path))
	}
	return args
}

// accept waits for qemu to connect.
func (m *machine) accept(ctx context.Context, l net.Listener) (net.Conn, error) {
	type result struct {
		c   net.Conn
		err error
	}
	got := make(chan result, 1)
	go func() {
		c, err := l.Accept()
		got <- result{c, err}
	}()
	select {
	case r := <-got:
		return r.c, r.err
	case <-m.exited:
		return nil, errors.New("qemu ended: " + m.Cause())
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-time.After(startTimeout):
		return nil, fmt.Errorf("qemu has not connected in %s", startTimeout)
	}
}

// Recv gives a restored machine's hello first.
func (m *machine) Recv() ([]byte, error) {
	if h := m.hello; h != nil {
		m.hello = nil
		return h, nil
	}
	return m.Frames.Recv()
}

// Kill ends qemu.
func (m *machine) Kill() {
	if m.cmd != nil && m.cmd.Process != nil {
		_ = m.cmd.Process.Kill()
	}
	_ = os.RemoveAll(m.dir)
}

// Cause is how qemu ended, and the last lines of the guest's console.
func (m *machine) Cause() string {
	select {
	case <-m.exited:
	case <-time.After(5 * time.Second):
		return "qemu still runs; the console ends: " + lastLines(m.console.String())
	}
	how := "the guest has powered off"
	if m.err != nil {
		how = "qemu: " + m.err.Error()
	}
	if text := lastLines(m.console.String()); text != "" {
		how += "; the console ends: " + text
	}
	return how
}

// lastLines is what a console ended with.
func lastLines(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return strings.TrimSpace(strings.Join(lines[max(0, len(lines)-12):], "\n"))
}

// quoted is a path in a shell's command.
func quoted(path string) string { return "'" + strings.ReplaceAll(path, "'", `'\''`) + "'" }
