package bench

import (
	"fmt"
	"testing"
	"time"

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

// TestRun measures for a moment, and looks whether every figure is there.
func TestRun(t *testing.T) {
	r, err := Run(Options{Rounds: 3, Slice: 200 * time.Microsecond})
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range r.Notes {
		t.Log(n)
	}
	names := []string{"refvm", "fastvm-go", "fastvm-go-checked", Goto}
	for _, row := range r.Programs {
		line := fmt.Sprintf("%-10s", row.Name)
		for _, n := range names {
			ns, ok := row.NSPerInsn[n]
			if !ok && n == Goto && len(r.Notes) > 0 {
				continue
			}
			if ns <= 0 {
				t.Errorf("%s on %s: %v ns", row.Name, n, ns)
			}
			line += fmt.Sprintf(" %s %.2f", n, ns)
		}
		t.Log(line)
	}
	t.Logf("geomean %v, call %v ns, compile %v ns an instruction", r.Geomean, r.CallNS, r.CompileNSPerInsn)
}
