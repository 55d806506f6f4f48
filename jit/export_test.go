package jit

import (
	"bytes"

	"github.com/lockstep-ebpf/lockstep/jit/plan"
	"github.com/lockstep-ebpf/lockstep/vm"
)

// CodeOf compiles a program, blinded or not.
func CodeOf(l *vm.Loaded, mode vm.Mode, blind bool) []byte {
	p := plan.New(l, modeOf(&vm.Machine{Mode: mode, ExactFuel: true}), nil)
	p.Blind = blind
	return bytes.Clone(newCompiler().Compile(p).Bytes)
}
