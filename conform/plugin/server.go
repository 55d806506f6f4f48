package plugin

import (
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/lockstep-ebpf/lockstep/spec"
	"github.com/lockstep-ebpf/lockstep/vm"
	"github.com/lockstep-ebpf/lockstep/vm/hook"
)

// Server is a Target in a process that speaks the line protocol. A process that
// dies or does not answer in time is started again.
type Server struct {
	Timeout time.Duration // for a reply; 0: DefaultTimeout

	name, path string
	args       []string
	hello      Hello
	child      *child
	sent       int // requests so far: the IDs
}

// StartServer starts the process and waits for its first line. command is as in
// NewProcess.
func StartServer(name, command string) (*Server, error) {
	path, args, err := splitCommand(command)
	if err != nil {
		return nil, err
	}
	s := &Server{name: name, path: path, args: args}
	return s, s.start()
}

func (s *Server) start() error {
	c, err := startChild(s.path, s.args)
	if err != nil {
		return fmt.Errorf("plugin %s cannot be started: %w", s.path, err)
	}
	line, err := c.line(s.timeout())
	if err != nil {
		return fmt.Errorf("plugin %s does not say hello: %s", s.path, c.kill(err))
	}
	r, err := ParseReply(line)
	switch {
	case err != nil:
	case r.Hello == nil:
		err = errors.New("there is no \"hello\"")
	case r.Hello.Protocol != Protocol:
		err = fmt.Errorf("it speaks protocol %d, this program %d", r.Hello.Protocol, Protocol)
	}
	if err != nil {
		c.kill(nil)
		return fmt.Errorf("plugin %s: its first line is no greeting: %w; it is %q", s.path, err, clip(string(line)))
	}
	s.child, s.hello = c, *r.Hello
	return nil
}

func (s *Server) timeout() time.Duration {
	if s.Timeout == 0 {
		return DefaultTimeout
	}
	return s.Timeout
}

// Hello is what the server said of itself.
func (s *Server) Hello() Hello { return s.hello }

// Name is what StartServer was told.
func (s *Server) Name() string { return s.name }

// Observables are those of the greeting.
func (s *Server) Observables(*vm.Case) vm.Observable { return observables(s.hello.Observables) }

// Close ends the process.
func (s *Server) Close() error {
	if s.child != nil {
		s.child.close()
		s.child = nil
	}
	return nil
}

// Run asks for one case.
func (s *Server) Run(c *vm.Case) []vm.Outcome { return s.RunBatch([]*vm.Case{c})[0] }

// RunBatch sends all cases at once. Where the server fails on the way, what it has
// not answered is asked again, case by case, so that the failure is put down to
// the case that causes it, also where a server answers late.
func (s *Server) RunBatch(cs []*vm.Case) [][]vm.Outcome {
	out := make([][]vm.Outcome, len(cs))
	var todo []int
	for i, c := range cs {
		if what := s.beyond(c); what != "" {
			out[i] = c.Every(vm.Result{Kind: vm.LoadUnsupported, Reason: what})
		} else {
			todo = append(todo, i)
		}
	}
	answered, failed := s.exchange(cs, todo, out)
	if failed == nil {
		return out
	}
	for n, i := range todo[answered:] {
		if len(todo) > 1 {
			_, failed = s.exchange(cs, todo[answered+n:answered+n+1], out)
		}
		if failed != nil {
			out[i] = cs[i].Every(*failed)
		}
	}
	return out
}

// beyond says what of a case the server did not offer.
func (s *Server) beyond(c *vm.Case) string {
	if len(c.Programs) == 0 {
		return "a case without a program"
	}
	for _, p := range c.Programs {
		if hook.Lookup(p.Type) == nil {
			return p.Type.String()
		}
		if o := s.hello.ByteOrder; o != "" && o != "both" && o != p.Order.String() {
			return "programs in " + p.Order.String() + "-endian byte order"
		}
		if l := s.hello.Limits.Insns; l > 0 && len(p.Insns) > l {
			return fmt.Sprintf("a program of %d slots: its limit is %d", len(p.Insns), l)
		}
	}
	if l := s.hello.Limits.Fuel; l > 0 && c.Fuel > l {
		return fmt.Sprintf("fuel %d: its limit is %d", c.Fuel, l)
	}
	return ""
}

// exchange sends the cases of todo and reads the replies into out. It returns how
// many were answered, and how the server failed if these are not all.
func (s *Server) exchange(cs []*vm.Case, todo []int, out [][]vm.Outcome) (answered int, failed *vm.Result) {
	if len(todo) == 0 {
		return 0, nil
	}
	if s.child == nil {
		if err := s.start(); err != nil {
			return 0, &vm.Result{Kind: vm.Crash, Reason: err.Error()}
		}
	}
	first := s.sent
	s.sent += len(todo)
	go s.child.send(requests(cs, todo, first))
	for n, i := range todo {
		line, err := s.child.line(s.timeout())
		if err == nil {
			out[i], err = read(line, strconv.Itoa(first+n), cs[i])
		}
		if err == nil {
			continue
		}
		kind := vm.Crash
		if errors.Is(err, errTimeout) {
			kind = vm.Hang
		}
		reason := s.child.kill(err)
		s.child = nil
		return n, &vm.Result{Kind: kind, Reason: reason}
	}
	return len(todo), nil
}

// read takes a reply apart; it must be the one to the request of that ID.
func read(line []byte, id string, c *vm.Case) ([]vm.Outcome, error) {
	r, err := ParseReply(line)
	if err != nil {
		return nil, fmt.Errorf("%w: %q", err, clip(string(line)))
	}
	if string(r.ID) != id {
		return nil, fmt.Errorf("the reply has id %s, want %s", clip(string(r.ID)), id)
	}
	return r.Outcomes(c)
}

// Groups are the conformance groups that the server supports.
func (s *Server) Groups() []spec.Group { return s.hello.Groups }
