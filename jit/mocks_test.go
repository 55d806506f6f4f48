package jit_test

import (
	"errors"
	"testing"

	"github.com/lockstep-ebpf/lockstep/jit"
	"github.com/lockstep-ebpf/lockstep/vm"
)

// TestMocksAreRefused: native code goes straight to the helpers that there are, so a World
// in which others take their place is not for it.
func TestMocksAreRefused(t *testing.T) {
	x := target(t, jit.Engine{})
	p := caseOf(t, "call 7\nexit").Programs[0]
	w, err := vm.NewWorld()
	if err != nil {
		t.Skip("no window of guest memory: ", err)
	}
	defer w.Close()
	if _, err := w.Load(jit.Engine{}, p); err != nil {
		t.Fatalf("%s: %v", x.Name(), err)
	}
	w.Mocks = map[int32]*vm.Helper{7: vm.HelperByID(8)}
	var lacks *vm.Unsupported
	if _, err := w.Load(jit.Engine{}, p); !errors.As(err, &lacks) {
		t.Errorf("a program with a mock is loaded: %v", err)
	}
}
