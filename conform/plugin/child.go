package plugin

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strconv"
	"sync"
	"time"

	"github.com/lockstep-ebpf/lockstep/vm"
)

// child is a running server process.
type child struct {
	cmd    *exec.Cmd
	in     io.WriteCloser
	lines  chan []byte // closed at the end of its output
	stderr tail
	gone   chan struct{} // closed by kill: nobody reads lines any more
	once   sync.Once
}

var (
	errTimeout = errors.New("no answer in time")
	errEnded   = errors.New("it ended")
)

func startChild(path string, args []string) (*child, error) {
	c := &child{cmd: exec.Command(path, args...), lines: make(chan []byte), gone: make(chan struct{})}
	ownGroup(c.cmd)
	c.cmd.Stderr = &c.stderr
	c.cmd.WaitDelay = time.Second
	var err error
	if c.in, err = c.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := c.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := c.cmd.Start(); err != nil {
		return nil, err
	}
	go c.read(out)
	return c, nil
}

func (c *child) read(out io.Reader) {
	defer close(c.lines)
	r := bufio.NewReaderSize(out, 1<<16)
	for {
		line, err := readLine(r)
		if err != nil && len(line) == 0 {
			return
		}
		select {
		case c.lines <- line:
		case <-c.gone:
			return
		}
	}
}

// send writes lines until the process is gone.
func (c *child) send(lines [][]byte) {
	w := bufio.NewWriterSize(c.in, 1<<16)
	for _, l := range lines {
		if _, err := w.Write(l); err != nil {
			return // the reader of its output will notice
		}
	}
	_ = w.Flush() // likewise
}

// line is the next line of its output.
func (c *child) line(timeout time.Duration) ([]byte, error) {
	t := time.NewTimer(timeout)
	defer t.Stop()
	select {
	case l, ok := <-c.lines:
		if !ok {
			return nil, errEnded
		}
		return l, nil
	case <-t.C:
		return nil, fmt.Errorf("%w (%s)", errTimeout, timeout)
	}
}

// kill ends the process, whatever it does, and says how it went: why, how the
// process ended, the last it wrote to standard error.
func (c *child) kill(why error) string {
	if errors.Is(why, errEnded) {
		// It goes by itself: let it, for the sake of its exit status.
		t := time.AfterFunc(time.Second, func() { _ = killGroup(c.cmd) })
		defer t.Stop()
	} else {
		_ = killGroup(c.cmd)
	}
	c.once.Do(func() { close(c.gone) })
	_ = c.in.Close()
	err := c.cmd.Wait()
	if why == nil {
		return ""
	}
	text := why.Error()
	if errors.Is(why, errEnded) {
		text = "it ended with exit status 0"
		if err != nil {
			text = "it ended: " + err.Error()
		}
	}
	return text + firstLine("; standard error: ", c.stderr.String())
}

// close lets the process end at the end of its input.
func (c *child) close() { c.kill(errEnded) }

// requests are the lines for the cases of todo, with IDs from first.
func requests(cs []*vm.Case, todo []int, first int) [][]byte {
	lines := make([][]byte, 0, len(todo))
	for n, i := range todo {
		id := strconv.Itoa(first + n)
		line, err := json.Marshal(requestFor(id, cs[i]))
		if err != nil {
			panic(err) // a Request holds nothing that JSON cannot
		}
		lines = append(lines, append(line, '\n'))
	}
	return lines
}

// tail keeps the end of what is written to it.
type tail struct {
	mu sync.Mutex
	b  []byte
}

func (t *tail) Write(p []byte) (int, error) {
	const most = 4 << 10
	t.mu.Lock()
	defer t.mu.Unlock()
	t.b = append(t.b, p...)
	if len(t.b) > most {
		t.b = append([]byte(nil), t.b[len(t.b)-most:]...)
	}
	return len(p), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(t.b)
}
