package arm64

import (
	"flag"
	"math/rand/v2"
	"testing"
	"time"

	"golang.org/x/arch/arm64/arm64asm"

	"github.com/lockstep-ebpf/lockstep/jit/plan"
	"github.com/lockstep-ebpf/lockstep/jit/plan/plantest"
)

var seed = flag.Uint64("seed", uint64(time.Now().UnixNano()), "of the random tests")

// TestEverythingDecodes compiles random instructions of every row, in every mode
// and reach, and decodes all of it. Nothing may name a register that is not native
// code's.
func TestEverythingDecodes(t *testing.T) {
	t.Logf("-seed %d", *seed)
	rnd := rand.New(rand.NewPCG(*seed, 0))
	count := 0
	for round := range 20 {
		// Without LSE, which arm64asm does not know: see TestLSE.
		c := Compiler{Features: Features{Reach: Reach(round % 3)}}
		p := plantest.EveryRow(rnd)
		for m := range plan.Mode(plan.NumModes) {
			pl := plan.New(p, m, nil)
			pl.Blind = round%2 == 1
			made := c.Compile(pl)
			for at := 0; at < len(made.Bytes); at += 4 {
				in, err := arm64asm.Decode(made.Bytes[at:])
				if err != nil {
					t.Fatalf("mode %b: % x at %d: %v", m, made.Bytes[at:at+4], at, err)
				}
				for _, arg := range in.Args {
					if r, ok := arg.(arm64asm.Reg); ok && in.Op != arm64asm.RET && !allowed(r) {
						t.Errorf("mode %b: %v at %d", m, in, at)
					}
				}
				count++
			}
			for pc, off := range made.Offset {
				if off%4 != 0 {
					t.Errorf("mode %b: code of %v at %d is no start of an instruction", m, p.Insns[pc], off)
				}
			}
		}
	}
	t.Logf("%d instructions decoded", count)
}

// allowed reports whether native code may name a register: not the platform's, nor
// Go's g, nor the stub's.
func allowed(r arm64asm.Reg) bool {
	n := r
	if n >= arm64asm.X0 {
		n -= arm64asm.X0
	}
	return n <= 17 || n >= 19 && n <= 26 || n == 31
}
