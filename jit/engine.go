package jit

import (
	"fmt"
	"runtime"

	"github.com/lockstep-ebpf/lockstep/spec"
	"github.com/lockstep-ebpf/lockstep/vm"
)

// Engine compiles programs to native code. The zero value is ready.
type Engine struct{}

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

// Load prepares a program. It is compiled when it first runs, because only the
// machine knows the mode.
func (e Engine) Load(l *vm.Loaded) (vm.Instance, error) {
	if data, _ := l.World.Mem.Window(); data == nil {
		return nil, &vm.Unsupported{What: "native code in guest memory of the list form: it needs a window"}
	}
	if err := e.Supports(l.Program); err != nil {
		return nil, err
	}
	return &instance{loaded: l}, nil
}
