package amd64

import (
	"flag"
	"math/rand/v2"
	"testing"
	"time"

	"golang.org/x/arch/x86/x86asm"

	"github.com/lockstep-ebpf/lockstep/jit/plan"
	"github.com/lockstep-ebpf/lockstep/jit/plan/plantest"
)

var seed = flag.Uint64("seed", uint64(time.Now().UnixNano()), "of the random tests")

// TestEverythingDecodes compiles random instructions of every row, in every mode,
// and decodes all of it. Every slot's code has to begin where an instruction does.
func TestEverythingDecodes(t *testing.T) {
	t.Logf("-seed %d", *seed)
	rnd := rand.New(rand.NewPCG(*seed, 0))
	var c Compiler // without BMI2, whose prefixes x86asm does not know: see TestShiftX
	count := 0
	for round := range 20 {
		p := plantest.EveryRow(rnd)
		for m := range plan.Mode(plan.NumModes) {
			pl := plan.New(p, m, nil)
			pl.Blind = round%2 == 1
			made := c.Compile(pl)
			starts := map[int]bool{}
			for at := 0; at < len(made.Bytes); count++ {
				starts[at] = true
				in, err := x86asm.Decode(made.Bytes[at:], 64)
				if err != nil {
					t.Fatalf("mode %b: % x at %d: %v", m, made.Bytes[at:min(at+15, len(made.Bytes))], at, err)
				}
				at += in.Len
			}
			for pc, off := range made.Offset {
				if !starts[int(off)] && int(off) != len(made.Bytes) {
					t.Errorf("mode %b: code of %v at %d is no start of an instruction", m, p.Insns[pc], off)
				}
			}
		}
	}
	t.Logf("%d instructions decoded", count)
}
