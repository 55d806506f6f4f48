package refvm

import (
	"flag"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/lockstep-ebpf/lockstep/internal/onerow"
	"github.com/lockstep-ebpf/lockstep/spec"
	"github.com/lockstep-ebpf/lockstep/vm"
	"github.com/lockstep-ebpf/lockstep/vm/mem"
)

var seed = flag.Uint64("seed", uint64(time.Now().UnixNano()), "of the random tests")

// TestFormsAgree runs every row on random operands by the trees and by the
// generated code, in both byte orders: all registers, marks and memory agree.
func TestFormsAgree(t *testing.T) {
	t.Logf("-seed %d", *seed)
	rnd := rand.New(rand.NewPCG(*seed, 0))
	var targets [2]*vm.EngineTarget
	for i := range targets {
		m, err := mem.New()
		if err != nil {
			t.Fatal(err)
		}
		targets[i] = vm.NewTarget(&Engine{Walk: i == 0}, m)
		defer targets[i].Close()
	}
	rows := onerow.Rows() // for the others, TestPrograms
	for _, row := range rows {
		for range 200 {
			c := onerow.Case(rnd, row)
			c.Programs[0].Order = spec.ByteOrder(rnd.IntN(2))
			a, b := targets[0].Run(c)[0], targets[1].Run(c)[0]
			if a.Kind == vm.LoadRejected {
				t.Fatalf("%s: %s", row.Name, a.Reason)
			}
			if d, ok := vm.Compare(&a, &b, vm.ObsAll); !ok || a.Undef != b.Undef || a.Tainted != b.Tainted {
				t.Errorf("%s: %v, undef %b and %b, insns %v", row.Name, d, a.Undef, b.Undef, c.Programs[0].Insns)
			}
		}
	}
	t.Logf("%d rows", len(rows))
}
