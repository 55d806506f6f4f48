package verifier_test

import (
	"errors"
	"flag"
	"os"
	"testing"

	"github.com/lockstep-ebpf/lockstep/fuzz/gen"
	"github.com/lockstep-ebpf/lockstep/fuzz/reduce"
	"github.com/lockstep-ebpf/lockstep/fuzz/tape"
	"github.com/lockstep-ebpf/lockstep/kernelcmp"
	"github.com/lockstep-ebpf/lockstep/vm"
)

// usualBroken is how many broken programs of each mix there are.
const usualBroken = 300

// All random tests begin at -seed; a failure names the seed of its program.
var (
	firstSeed = flag.Uint64("seed", 1, "seed of the first program")
	validN    = flag.Int("valid", 300, "valid programs of each mix")
	brokenN   = flag.Int("broken", usualBroken, "broken programs of each mix")
	runN      = flag.Int("runs", 300, "programs of each mix that are run to hold claims against them")
	strictly  = flag.Bool("strictly", false, "hold the default rules against the kernel, not those of its release")
	onlyMix   = flag.String("only", "", "only this mix")
	show      = flag.Int("show", 3, "disagreements of a kind to print")
	logs      = flag.Bool("logs", false, "print programs and the kernel's log with them")
)

func TestMain(m *testing.M) {
	kernelcmp.ExecutorMain()
	os.Exit(m.Run())
}

// openKernel gives the host's kernel, or skips the test.
func openKernel(t *testing.T) *kernelcmp.Target {
	t.Helper()
	k, err := kernelcmp.Open(kernelcmp.Options{})
	if errors.Is(err, kernelcmp.ErrNotPermitted) && (os.Getenv("CI") != "true" || os.Getuid() != 0) {
		t.Skipf("needs bpf(2): %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { k.Close() })
	return k
}

func mixes() (all []*gen.Mix) {
	for _, mix := range gen.Mixes {
		if *onlyMix == "" || mix.Name == *onlyMix {
			all = append(all, mix)
		}
	}
	return all
}

// cases makes n cases that do not share memory.
func cases(make1 func(*tape.Source) *vm.Case, seed uint64, n int) []*vm.Case {
	var src tape.Source
	all := make([]*vm.Case, n)
	for i := range all {
		src.Seed(seed + uint64(i))
		all[i] = reduce.Clone(make1(&src))
	}
	return all
}
