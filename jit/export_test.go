package jit

import (
	"bytes"
	"runtime"
	"testing"

	"github.com/lockstep-ebpf/lockstep/jit/abi"
	"github.com/lockstep-ebpf/lockstep/jit/exec"
	"github.com/lockstep-ebpf/lockstep/jit/plan"
	"github.com/lockstep-ebpf/lockstep/vm"
)

// CodeOf compiles a program, blinded or not.
func CodeOf(l *vm.Loaded, mode vm.Mode, blind bool) []byte {
	p := plan.New(l, modeOf(&vm.Machine{Mode: mode, ExactFuel: true}), nil)
	p.Blind = blind
	return bytes.Clone(newCompiler().Compile(p).Bytes)
}

// EntryAndExit enters a loaded program that just ran on a machine once more, from its
// beginning until it leaves: what a Run does beside that is to set up and to report.
func EntryAndExit(l *vm.Loaded, m *vm.Machine) func() {
	r := l.Instance.(*instance).run(m)
	return func() {
		r.pc, r.left = 0, m.Fuel
		r.native()
	}
}

// justReturn is a ret.
var justReturn = map[string][]byte{"amd64": {0xc3}, "arm64": {0xc0, 0x03, 0x5f, 0xd6}}[runtime.GOARCH]

// Return gives a function that enters native code that returns at once.
func Return(tb testing.TB) func() {
	code, err := exec.New(justReturn)
	if err == nil {
		err = code.Seal()
	}
	if err != nil {
		tb.Skip(err)
	}
	tb.Cleanup(func() { code.Free() })
	st := &abi.State{Entry: uint64(code.Addr)}
	return func() { enter(st) }
}

// Slice is how many instructions run without a break.
const Slice = slice
