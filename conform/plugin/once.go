package plugin

import (
	"errors"
	"fmt"
	"io"

	"github.com/lockstep-ebpf/lockstep/spec"
	"github.com/lockstep-ebpf/lockstep/vm"
)

// RunOnce is one case as bpf_conformance hands it to a plugin: the program in hex
// from in, the memory in hex, "" for none. It returns r0, or why there is none.
func RunOnce(t vm.Target, memory string, in io.Reader) (r0 uint64, err error) {
	text, err := io.ReadAll(in)
	if err != nil {
		return 0, err
	}
	program, err := ParseHex(string(text))
	if err != nil {
		return 0, fmt.Errorf("program: %w", err)
	}
	if len(program) == 0 {
		return 0, errors.New("program: standard input is empty, want the program in hex")
	}
	mem, err := ParseHex(memory)
	if err != nil {
		return 0, fmt.Errorf("memory: %w", err)
	}
	insns, err := spec.Split(program, spec.Little)
	if err != nil {
		return 0, err
	}
	o := t.Run(&vm.Case{Programs: []*vm.Program{{Insns: insns}}, Inputs: []vm.Input{{Memory: mem}}})[0]
	switch o.Kind {
	case vm.Exit:
		return o.R0, nil
	case vm.Faulted:
		return 0, errors.New(o.Fault.String())
	case vm.FuelSpent:
		return 0, fmt.Errorf("out of fuel after %d instructions", o.Steps)
	}
	return 0, fmt.Errorf("%s: %s", o.Kind, o.Reason)
}
