package guest

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync/atomic"
	"time"

	"github.com/lockstep-ebpf/lockstep/kernelcmp"
)

// process is a User-mode Linux: a kernel that is a process of the host. Frames go to
// it as files, as package pid1 has it.
type process struct {
	dir        string
	cmd        *exec.Cmd
	console    kernelcmp.Tail
	exited     chan struct{}
	err        error // of the process; valid after exited
	sent, read int
	killed     atomic.Bool
}

func startUML(img *Image, initramfs []byte) (p *process, err error) {
	p = &process{exited: make(chan struct{})}
	// Files in memory are as fast as pipes.
	parent := "/dev/shm"
	if _, err := os.Stat(parent); err != nil {
		parent = ""
	}
	if p.dir, err = os.MkdirTemp(parent, "lockstep-"); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			_ = os.RemoveAll(p.dir)
			err = fmt.Errorf("kernel %s: %w", img.Rung.Name, err)
		}
	}()
	for _, d := range []string{"to-guest", "to-host"} {
		if err := os.Mkdir(filepath.Join(p.dir, d), 0o700); err != nil {
			return nil, err
		}
	}
	initrd := filepath.Join(p.dir, "initramfs")
	if err := os.WriteFile(initrd, initramfs, 0o600); err != nil {
		return nil, err
	}
	p.cmd = exec.Command(filepath.Join(img.Dir, img.Kernel),
		"mem=192M", "initrd="+initrd, "uml_dir="+p.dir, "con=null", "con0=null,fd:1", "oops=panic", "panic=1", "quiet",
		"GODEBUG="+kernelcmp.NoPreemption, "lockstep.link=hostfs:"+p.dir)
	p.cmd.Env = append(os.Environ(), "TMPDIR="+p.dir, "HOME="+p.dir)
	p.cmd.Stdout, p.cmd.Stderr = &p.console, &p.console
	p.cmd.SysProcAttr = withItsOwn()
	if err := p.cmd.Start(); err != nil {
		if errors.Is(err, os.ErrNotExist) {
			return nil, fmt.Errorf("%w: this system cannot start it (another C library?): %w", ErrUnavailable, err)
		}
		return nil, err
	}
	go func() {
		p.err = p.cmd.Wait()
		close(p.exited)
	}()
	return p, nil
}

// Send writes a frame as a file.
func (p *process) Send(frame []byte) error {
	p.sent++
	name := filepath.Join(p.dir, "to-guest", fmt.Sprint(p.sent))
	if err := os.WriteFile(name+".part", frame, 0o600); err != nil {
		return err
	}
	return os.Rename(name+".part", name)
}

// Recv waits for the next file from the guest.
func (p *process) Recv() ([]byte, error) {
	p.read++
	name := filepath.Join(p.dir, "to-host", fmt.Sprint(p.read))
	for wait := 20 * time.Microsecond; ; wait = min(2*wait, 2*time.Millisecond) {
		b, err := os.ReadFile(name)
		if err == nil {
			return b, os.Remove(name)
		}
		if p.killed.Load() {
			return nil, os.ErrClosed
		}
		select {
		case <-p.exited:
			if b, err := os.ReadFile(name); err == nil { // written just before the end
				return b, os.Remove(name)
			}
			return nil, errors.New("the guest has ended")
		default:
			time.Sleep(wait)
		}
	}
}

// Kill asks the kernel to power off, because one that is killed leaves processes of its
// own behind, and waits a moment; then it is killed with its group.
func (p *process) Kill() {
	if p.killed.Swap(true) {
		return
	}
	_ = os.WriteFile(filepath.Join(p.dir, "to-guest", "end"), nil, 0o600)
	select {
	case <-p.exited:
	case <-time.After(time.Second):
	}
	killGroup(p.cmd.Process.Pid)
	_ = os.RemoveAll(p.dir)
}

// Cause is how the process ended, and the last lines of its console.
func (p *process) Cause() string {
	select {
	case <-p.exited:
	case <-time.After(5 * time.Second):
		return "User-mode Linux still runs; the console ends: " + lastLines(p.console.String())
	}
	how := "User-mode Linux has powered off"
	if p.err != nil {
		how = "User-mode Linux: " + p.err.Error()
	}
	if text := lastLines(p.console.String()); text != "" {
		how += "; the console ends: " + text
	}
	return how
}
