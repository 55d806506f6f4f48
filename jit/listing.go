package jit

import (
	"github.com/lockstep-ebpf/lockstep/jit/plan"
	"github.com/lockstep-ebpf/lockstep/vm"
)

// Listing is the native code of a program, for people to read: the bytes, and where
// in them the code of each slot starts. The code before the first slot is common to
// all; what follows the last is out of line. A slot that was compiled together with
// the one before it starts where the next one does.
type Listing struct {
	Code   []byte
	Offset []uint32 // one a slot, and one for the end
}

// List compiles a loaded program for a mode, and fuel as Machine.ExactFuel has it,
// without making it ready to run.
func (e Engine) List(l *vm.Loaded, mode vm.Mode, exactFuel bool) (*Listing, error) {
	if err := e.Supports(l.Program); err != nil {
		return nil, err
	}
	p := plan.New(l, modeOf(&vm.Machine{Mode: mode, ExactFuel: exactFuel}), nil)
	p.Blind = e.Blind
	if err := supports(p); err != nil {
		return nil, err
	}
	made := newCompiler().Compile(p)
	return &Listing{made.Bytes, made.Offset}, nil
}
