package bench

import (
	"strings"
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
	for _, row := range r.Programs {
		for _, n := range order {
			ns, ok := row.NSPerInsn[n]
			if !ok && n == Goto && len(r.Notes) > 0 { // no C compiler
				continue
			}
			if ns <= 0 {
				t.Errorf("%s on %s: %v ns", row.Name, n, ns)
			}
		}
	}
	for _, m := range []map[string]float64{r.CallNS, r.CompileNSPerInsn} {
		if m["fastvm-go"] <= 0 {
			t.Errorf("call and load: %v, %v", r.CallNS, r.CompileNSPerInsn)
		}
	}
	var table strings.Builder
	if err := r.WriteTable(&table); err != nil {
		t.Error(err)
	}
	t.Log("\n" + table.String())
}
