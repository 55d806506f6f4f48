package bench

import (
	"testing"

	"github.com/lockstep-ebpf/lockstep/fastvm"
	"github.com/lockstep-ebpf/lockstep/refvm"
	"github.com/lockstep-ebpf/lockstep/vm"
	"github.com/lockstep-ebpf/lockstep/vm/mem"
)

// TestPrograms runs every benchmark on every engine, checked, and compares with the
// result worked out in Go.
func TestPrograms(t *testing.T) {
	programs, err := Programs()
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range []vm.Engine{&refvm.Engine{}, fastvm.Engine{}} {
		m, err := mem.New()
		if err != nil {
			t.Fatal(err)
		}
		target := vm.NewTarget(e, m)
		defer target.Close()
		for _, p := range programs {
			o := target.Run(p.Case)[0]
			switch {
			case o.Kind != vm.Exit || o.R0 != p.Want:
				t.Errorf("%s on %s: %v %s %v r0 %#x, want %#x", p.Name, e.Name(), o.Kind, o.Reason, o.Fault, o.R0, p.Want)
			case o.Steps < 50:
				t.Errorf("%s does %d instructions, too few to measure", p.Name, o.Steps)
			default:
				t.Logf("%-10s %s: %d instructions", p.Name, e.Name(), o.Steps)
			}
		}
	}
}
