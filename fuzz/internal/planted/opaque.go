package planted

import "github.com/lockstep-ebpf/lockstep/vm"

// opaque is a target that cannot be stepped, and shows r0 alone.
type opaque struct{ vm.Target }

// Opaque makes a target look as a kernel does: no registers, no fuel, no steps.
func Opaque(t vm.Target) vm.Target { return opaque{t} }

func (opaque) Observables(*vm.Case) vm.Observable { return vm.ObsR0 }
