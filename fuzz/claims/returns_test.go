package claims_test

import (
	"testing"

	"github.com/lockstep-ebpf/lockstep/spec/asm"
	"github.com/lockstep-ebpf/lockstep/vm"
	"github.com/lockstep-ebpf/lockstep/vm/hook"
)

// TestReturnsToHelpers: behind a call of a function there may be the call of a helper. To
// come back to it is not what a callback does, which goes back to the call that called it.
func TestReturnsToHelpers(t *testing.T) {
	for name, text := range map[string]string{
		"a helper": `
			call sub
			call 7
			r0 = 1
			exit
		sub:
			r0 = 0
			exit`,
		"a helper that calls back": `
			call before
			r1 = 2
			r2 = func sub
			r3 = 0
			r4 = 0
			call 181
			r0 = 1
			exit
		before:
			r1 = 2
			r2 = func sub
			r3 = 0
			r4 = 0
			call 181
			r0 = 0
			exit
		sub:
			r0 = 0
			exit`,
	} {
		p, err := asm.Assemble(text, asm.Names{})
		if err != nil {
			t.Fatal(name, err)
		}
		x := open(t)
		c := &vm.Case{Programs: []*vm.Program{{Type: hook.SocketFilter, Insns: p.Insns}}, Inputs: []vm.Input{{Packet: make([]byte, 64)}}}
		if o := x.Run(c)[0]; o.Kind != vm.Exit {
			t.Errorf("%s: %s: %s", name, o.Kind, o.Reason)
		} else if x.Followed < 6 { // rounds of a loop may be covered by an older one
			t.Errorf("%s: of %d steps %d were followed", name, x.Visits, x.Followed)
		}
	}
}
