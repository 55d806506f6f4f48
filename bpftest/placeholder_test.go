package bpftest

import (
	"testing"

	"github.com/lockstep-ebpf/lockstep/refvm"
	"github.com/lockstep-ebpf/lockstep/vm"
	"github.com/lockstep-ebpf/lockstep/vm/hook"
	"github.com/lockstep-ebpf/lockstep/vm/mem"
)

// TestPlaceholderFaults: what stands in for a program that cannot run here shows.
func TestPlaceholderFaults(t *testing.T) {
	x := vm.NewTarget(&refvm.Engine{}, mem.NewList())
	defer x.Close()
	p := placeholder(&vm.Program{Name: "missing", Type: hook.SocketFilter})
	c := &vm.Case{Programs: []*vm.Program{p}, Inputs: []vm.Input{{Packet: make([]byte, 14)}}}
	if o := x.Run(c)[0]; o.Kind != vm.Faulted || o.Fault.PC != 1 {
		t.Errorf("%s: %s, want a fault at insn 1", o.Kind, o.Fault)
	}
}
