package kernelcmp

import (
	"bufio"
	"encoding/gob"
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

// child is an executor process.
type child struct {
	cmd     *exec.Cmd
	in      io.WriteCloser
	enc     *gob.Encoder
	answers chan *answer // closed when the process is gone
	stderr  tail
	exited  chan struct{}
	err     error // of the process; valid after exited
	release string
}

// ErrNotPermitted is in the chain of Open's error when the executor runs but bpf(2)
// is refused. The text says what is missing.
var ErrNotPermitted = errors.New("kernel target")

// startTimeout is how long an executor may take for its first word.
const startTimeout = 30 * time.Second

// start runs this very binary again, as an executor.
func start(attr *syscall.SysProcAttr) (*child, error) {
	if os.Getenv(executorEnv) != "" {
		return nil, errors.New("kernel executor: this process is to be one; its program must call kernelcmp.ExecutorMain first thing")
	}
	exe, err := self()
	if err != nil {
		return nil, fmt.Errorf("kernel executor: this program's own file: %w", err)
	}
	c := &child{answers: make(chan *answer, batchSize), exited: make(chan struct{})}
	c.cmd = exec.Command(exe)
	// Go's preemption signals make the verifier give up with EAGAIN.
	c.cmd.Env = append(os.Environ(), executorEnv+"=1", "GODEBUG="+strings.Trim(os.Getenv("GODEBUG")+",asyncpreemptoff=1", ","))
	c.cmd.Stderr = &c.stderr
	c.cmd.SysProcAttr = attr
	if c.in, err = c.cmd.StdinPipe(); err != nil {
		return nil, fmt.Errorf("kernel executor: %w", err)
	}
	out, w, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("kernel executor: %w", err)
	}
	c.cmd.Stdout = w
	err = c.cmd.Start()
	w.Close()
	if err != nil {
		out.Close()
		return nil, fmt.Errorf("kernel executor: %w", err)
	}
	c.enc = gob.NewEncoder(c.in)
	go func() {
		c.err = c.cmd.Wait()
		close(c.exited)
	}()
	hellos := make(chan hello, 1)
	go c.listen(out, hellos)
	return c, c.greet(hellos)
}

// self is the path that starts this binary again: on Linux one that works even if
// the file has been replaced, or is not reachable for another user.
func self() (string, error) {
	const link = "/proc/self/exe"
	if _, err := os.Stat(link); err == nil {
		return link, nil
	}
	return os.Executable()
}

// listen passes on what the child says until it closes its end.
func (c *child) listen(out *os.File, hellos chan<- hello) {
	defer out.Close()
	defer close(c.answers)
	defer close(hellos)
	dec := gob.NewDecoder(bufio.NewReader(out))
	var h hello
	if dec.Decode(&h) != nil {
		return
	}
	hellos <- h
	for {
		a := &answer{}
		if dec.Decode(a) != nil {
			return
		}
		c.answers <- a
	}
}

func (c *child) greet(hellos <-chan hello) error {
	select {
	case h, ok := <-hellos:
		switch {
		case !ok:
			c.kill()
			return fmt.Errorf("kernel executor: it ended before it said anything (%s); does the program call kernelcmp.ExecutorMain first?", c.cause())
		case h.Problem != "":
			c.kill()
			return fmt.Errorf("%w: %s", ErrNotPermitted, h.Problem)
		}
		c.release = h.Release
		return nil
	case <-time.After(startTimeout):
		c.kill()
		return fmt.Errorf("kernel executor: no word from it in %s; does the program call kernelcmp.ExecutorMain first?", startTimeout)
	}
}

// send writes jobs. It blocks while the child is busy, so it runs beside the reader.
// An error means that the child is gone, which the reader sees too.
func (c *child) send(jobs []*job) {
	for _, j := range jobs {
		if c.enc.Encode(j) != nil {
			return
		}
	}
}

// kill ends the process. A program that runs in the kernel is not interrupted: then
// the process stays until the program ends, and nobody waits for it.
func (c *child) kill() {
	c.in.Close()
	_ = c.cmd.Process.Kill()
}

// cause says how the process ended.
func (c *child) cause() string {
	select {
	case <-c.exited:
	case <-time.After(5 * time.Second):
		return "it still runs in the kernel"
	}
	text := "exit status 0"
	if c.err != nil {
		text = c.err.Error()
	}
	if s := strings.TrimSpace(c.stderr.String()); s != "" {
		text += ": " + s
	}
	return text
}

// tail keeps the last bytes that are written to it.
type tail struct {
	mu sync.Mutex
	b  []byte
}

func (t *tail) Write(p []byte) (int, error) {
	const keep = 4096
	t.mu.Lock()
	defer t.mu.Unlock()
	t.b = append(t.b, p...)
	t.b = t.b[max(0, len(t.b)-keep):]
	return len(p), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(t.b)
}
