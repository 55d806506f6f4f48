package plugin

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"

	"github.com/lockstep-ebpf/lockstep/spec"
	"github.com/lockstep-ebpf/lockstep/vm"
	"github.com/lockstep-ebpf/lockstep/vm/hook"
)

// DefaultTimeout is how long a plugin may take for a case, or to start.
const DefaultTimeout = 5 * time.Second

// Process is a Target that starts a bpf_conformance plugin for every input. Its
// one observable is r0.
type Process struct {
	Timeout      time.Duration // 0: DefaultTimeout
	AlwaysMemory bool          // pass the memory argument also where it is empty: some plugins want it

	name, path string
	args       []string // behind the memory
}

// NewProcess finds the plugin. command is a path, or a path with options behind
// blanks; name is what the target is called.
func NewProcess(name, command string) (*Process, error) {
	path, args, err := splitCommand(command)
	if err != nil {
		return nil, err
	}
	return &Process{name: name, path: path, args: args}, nil
}

// splitCommand cuts options off, unless all of it is the name of a file.
func splitCommand(command string) (path string, args []string, err error) {
	if _, err := os.Stat(command); err == nil {
		args = []string{command}
	} else if args = strings.Fields(command); len(args) == 0 {
		return "", nil, errors.New("the path of the plugin is empty")
	}
	path, err = exec.LookPath(args[0])
	if err != nil {
		return "", nil, fmt.Errorf("plugin %s cannot be run: %w", args[0], err)
	}
	return path, args[1:], nil
}

// Name is what NewProcess was told.
func (p *Process) Name() string { return p.name }

// Observables is r0.
func (p *Process) Observables(*vm.Case) vm.Observable { return vm.ObsR0 | vm.ObsR0Low32 }

// Close has nothing to do.
func (p *Process) Close() error { return nil }

// Run starts the plugin once an input.
func (p *Process) Run(c *vm.Case) []vm.Outcome {
	if what := beyond(c); what != "" {
		return c.Every(vm.Result{Kind: vm.LoadUnsupported, Reason: "a plugin takes no " + what})
	}
	out := make([]vm.Outcome, len(c.Inputs))
	program := pairs(spec.Encode(c.Programs[0].Insns, spec.Little)) + "\n"
	for i := range c.Inputs {
		out[i].Result = p.once(program, c.Inputs[i].Memory)
	}
	return out
}

// beyond names what of a case the protocol has no place for.
func beyond(c *vm.Case) string {
	switch {
	case len(c.Programs) != 1:
		return fmt.Sprintf("%d programs", len(c.Programs))
	case c.Programs[0].Type != hook.Unspec:
		return "programs of type " + c.Programs[0].Type.String()
	case c.Programs[0].Order != spec.Little:
		return "big-endian programs"
	case len(c.Maps) > 0:
		return "maps"
	}
	return ""
}

// pairs is hex with two blanks behind each byte, as bpf_conformance has it.
func pairs(b []byte) string {
	var s strings.Builder
	for _, x := range b {
		fmt.Fprintf(&s, "%02x  ", x)
	}
	return s.String()
}

func (p *Process) once(program string, memory []byte) vm.Result {
	timeout := p.Timeout
	if timeout == 0 {
		timeout = DefaultTimeout
	}
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	args := p.args
	if len(memory) > 0 || p.AlwaysMemory {
		args = append([]string{pairs(memory)}, args...)
	}
	cmd := exec.CommandContext(ctx, p.path, args...)
	cmd.Stdin = strings.NewReader(program)
	ownGroup(cmd)
	cmd.Cancel = func() error { return killGroup(cmd) }
	cmd.WaitDelay = time.Second // what the plugin has started may hold the pipes
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	var exit *exec.ExitError
	switch {
	case ctx.Err() != nil:
		return vm.Result{Kind: vm.Hang, Reason: fmt.Sprintf("no answer in %s", timeout)}
	case err == nil:
		return readR0(stdout.String())
	case !errors.As(err, &exit):
		return vm.Result{Kind: vm.Crash, Reason: err.Error()}
	case exit.ExitCode() < 0:
		return vm.Result{Kind: vm.Crash, Reason: exit.Error() + firstLine(": ", stderr.String())}
	}
	text := stdout.String()
	if text == "" {
		text = stderr.String()
	}
	return vm.Result{Kind: vm.LoadRejected, Reason: exit.Error() + firstLine(": ", text)}
}

func readR0(text string) vm.Result {
	text = strings.TrimSuffix(text, "\n")
	r0, err := strconv.ParseUint(strings.TrimPrefix(text, "0x"), 16, 64)
	if err != nil {
		return vm.Result{Kind: vm.Crash, Reason: fmt.Sprintf("exit status 0, but it printed %q where r0 in hex is due", clip(text))}
	}
	return vm.Result{Kind: vm.Exit, R0: r0}
}

// firstLine is the first line of text behind a separator, if there is text.
func firstLine(sep, text string) string {
	text, _, _ = strings.Cut(strings.TrimSpace(text), "\n")
	if text = strings.TrimRight(text, " \t\r"); text == "" {
		return ""
	}
	return sep + clip(text)
}

func clip(s string) string {
	const most = 200
	if len(s) <= most {
		return s
	}
	return s[:most] + "…"
}
