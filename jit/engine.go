package jit

import (
	"fmt"
	"io"
	"runtime"

	"github.com/lockstep-ebpf/lockstep/spec"
	"github.com/lockstep-ebpf/lockstep/vm"
)

// Engine compiles programs to native code. The zero value is ready.
type Engine struct {
	// PerfMap, if set, gets a line for every piece of code: start and size in hex, and
	// a name. That is the form of the files /tmp/perf-PID.map, in which perf looks for
	// the names of code that is in no file. Each line is one Write.
	PerfMap io.Writer

	// Blind keeps the constants of programs out of the code, at some cost: there are
	// their exclusive ors with random numbers. Offsets of accesses and counts of
	// shifts are no constants. That is for hosts that run programs of people whom they
	// do not trust (Linux's bpf_jit_harden).
	Blind bool
}

// Name is "jit".
func (Engine) Name() string { return "jit" }

// Supports refuses what the engine cannot do: other platforms, big-endian guests.
func (Engine) Supports(p *vm.Program) error {
	if !supported {
		return &vm.Unsupported{What: fmt.Sprintf("native code on %s/%s: use fastvm", runtime.GOOS, runtime.GOARCH)}
	}
	if p.Order != spec.Little {
		return &vm.Unsupported{What: "big-endian programs as native code"}
	}
	return nil
}

// Load compiles a program for the World's machines, as they are set now. For a
// machine that is set otherwise later it is compiled when it first runs there.
func (e Engine) Load(l *vm.Loaded) (vm.Instance, error) {
	if data, _ := l.World.Mem.Window(); data == nil {
		return nil, &vm.Unsupported{What: "native code in guest memory of the list form: it needs a window"}
	}
	if err := e.Supports(l.Program); err != nil {
		return nil, err
	}
	if len(l.World.Mocks) > 0 {
		return nil, &vm.Unsupported{What: "mocks of helpers as native code: use fastvm"}
	}
	in := &instance{loaded: l, perfMap: e.PerfMap, blind: e.Blind}
	for _, m := range l.World.Machines() {
		if _, err := in.code(modeOf(m)); err != nil {
			return nil, err
		}
	}
	return in, nil
}
