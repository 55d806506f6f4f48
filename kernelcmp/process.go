package kernelcmp

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"time"
)

// process is an executor that runs as a child of this process.
type process struct {
	*Frames
	cmd    *exec.Cmd
	in     io.WriteCloser
	out    *os.File
	stderr Tail
	exited chan struct{}
	err    error // of the process; valid after exited
}

// startProcess runs this very binary again, as an executor.
func startProcess(attr *syscall.SysProcAttr) (Link, error) {
	if os.Getenv(executorEnv) != "" {
		return nil, errors.New("kernel executor: this process is to be one; its program must call kernelcmp.ExecutorMain first thing")
	}
	exe, err := self()
	if err != nil {
		return nil, fmt.Errorf("kernel executor: this program's own file: %w", err)
	}
	p := &process{exited: make(chan struct{})}
	p.cmd = exec.Command(exe)
	p.cmd.Env = append(os.Environ(), executorEnv+"=1", "GODEBUG="+strings.Trim(os.Getenv("GODEBUG")+","+NoPreemption, ","))
	p.cmd.Stderr = &p.stderr
	p.cmd.SysProcAttr = attr
	if p.in, err = p.cmd.StdinPipe(); err != nil {
		return nil, fmt.Errorf("kernel executor: %w", err)
	}
	out, w, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("kernel executor: %w", err)
	}
	p.cmd.Stdout, p.out = w, out
	err = p.cmd.Start()
	w.Close()
	if err != nil {
		out.Close()
		return nil, fmt.Errorf("kernel executor: %w", err)
	}
	p.Frames = NewFrames(out, p.in)
	go func() {
		p.err = p.cmd.Wait()
		close(p.exited)
	}()
	return p, nil
}

// NoPreemption belongs into an executor's GODEBUG: Go's preemption signals make the
// verifier give up with EAGAIN.
const NoPreemption = "asyncpreemptoff=1"

// self is the path that starts this binary again: on Linux one that works even if
// the file has been replaced, or is not reachable for another user.
func self() (string, error) {
	const link = "/proc/self/exe"
	if _, err := os.Stat(link); err == nil {
		return link, nil
	}
	return os.Executable()
}

// Kill ends the process. A program that runs in the kernel is not interrupted: then
// the process stays until the program ends, and nobody waits for it.
func (p *process) Kill() {
	p.in.Close()
	_ = p.cmd.Process.Kill()
}

// Cause says how the process ended.
func (p *process) Cause() string {
	select {
	case <-p.exited:
	case <-time.After(5 * time.Second):
		return "it still runs in the kernel"
	}
	text := "exit status 0"
	if p.err != nil {
		text = p.err.Error()
	}
	if s := strings.TrimSpace(p.stderr.String()); s != "" {
		text += ": " + s
	}
	return text
}

// Tail keeps the last bytes that are written to it: what a process or a guest said
// before it ended.
type Tail struct {
	mu sync.Mutex
	b  []byte
}

func (t *Tail) Write(p []byte) (int, error) {
	const keep = 4096
	t.mu.Lock()
	defer t.mu.Unlock()
	t.b = append(t.b, p...)
	t.b = t.b[max(0, len(t.b)-keep):]
	return len(p), nil
}

func (t *Tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(t.b)
}
