package gen_test

import (
	"errors"
	"flag"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/lockstep-ebpf/lockstep/fuzz/gen"
	"github.com/lockstep-ebpf/lockstep/fuzz/reduce"
	"github.com/lockstep-ebpf/lockstep/fuzz/tape"
	"github.com/lockstep-ebpf/lockstep/kernelcmp"
	"github.com/lockstep-ebpf/lockstep/refvm"
	"github.com/lockstep-ebpf/lockstep/vm"
)

var (
	broken   = flag.Int("broken", 1000, "broken programs of each mix")
	logs     = flag.Bool("logs", false, "print the verifier's log of each kind of rejection")
	kernelN  = flag.Int("loads", 1000, "programs of each mix to load into the kernel")
	kernelS  = flag.Uint64("loadseed", 1, "first seed of the programs for the kernel")
	loadMix  = flag.String("loadmix", "", "only this mix")
	deadline = flag.Duration("deadline", 0, "how long the kernel may take over one program")
	failures = flag.Int("failures", 3, "kinds of rejection to print")
)

func TestMain(m *testing.M) {
	kernelcmp.ExecutorMain()
	os.Exit(m.Run())
}

// openKernel gives the host's kernel, or skips the test.
func openKernel(t *testing.T) *kernelcmp.Target {
	t.Helper()
	k, err := kernelcmp.Open(kernelcmp.Options{Deadline: *deadline})
	if errors.Is(err, kernelcmp.ErrNotPermitted) && (os.Getenv("CI") != "true" || os.Getuid() != 0) {
		t.Skipf("needs bpf(2): %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { k.Close() })
	return k
}

// cases makes n cases that do not share memory.
func cases(g *gen.Generator, seed uint64, n int) []*vm.Case {
	var src tape.Source
	all := make([]*vm.Case, n)
	for i := range all {
		src.Seed(seed + uint64(i))
		all[i] = reduce.Clone(g.Generate(&src))
	}
	return all
}

var numbers = regexp.MustCompile(`\d+`)

func TestKernelAccepts(t *testing.T) {
	k := openKernel(t)
	t.Logf("seed %d", *kernelS)
	for _, mix := range gen.Mixes {
		if *loadMix != "" && mix.Name != *loadMix {
			continue
		}
		g := gen.New(gen.Options{Mix: mix})
		accepted, total := 0, 0
		kinds := map[string][]uint64{}
		texts := map[string]string{}
		for total < *kernelN {
			n := min(256, *kernelN-total)
			for i, v := range k.Verify(cases(g, *kernelS+uint64(total), n)) {
				if v.Accepted() {
					accepted++
					continue
				}
				kind := numbers.ReplaceAllString(strings.SplitN(v.Reason, "\n", 2)[0], "N")
				kinds[kind] = append(kinds[kind], *kernelS+uint64(total+i))
				texts[kind] = v.Reason
				if *logs {
					texts[kind] = v.Log
				}
			}
			total += n
		}
		share := 100 * float64(accepted) / float64(total)
		t.Logf("%-10s %6.2f%% of %d accepted", mix.Name, share, total)
		var order []string
		for kind := range kinds {
			order = append(order, kind)
		}
		slices.SortFunc(order, func(a, b string) int { return len(kinds[b]) - len(kinds[a]) })
		for i, kind := range order {
			t.Logf("%d times, seeds %v: %s", len(kinds[kind]), kinds[kind][:min(5, len(kinds[kind]))], kind)
			if i < *failures {
				t.Logf("%s", texts[kind])
			}
		}
		if share < 99 {
			t.Errorf("mix %s: %.2f%% accepted, want 99%%", mix.Name, share)
		}
	}
}

// TestKernelAgrees runs what it accepts on the kernel and on the reference VM.
func TestKernelAgrees(t *testing.T) {
	k, ref := openKernel(t), target(t, &refvm.Engine{})
	t.Logf("seed %d", *kernelS)
	for _, mix := range gen.Mixes {
		if *loadMix != "" && mix.Name != *loadMix {
			continue
		}
		g := gen.New(gen.Options{Mix: mix})
		differ, inputs := 0, 0
		for total := 0; total < *kernelN; total += 256 {
			cs := cases(g, *kernelS+uint64(total), min(256, *kernelN-total))
			for i, outs := range k.RunBatch(cs) {
				want := ref.Run(cs[i])
				for in := range outs {
					if kind := outs[in].Kind; kind == vm.LoadRejected || kind == vm.Hang {
						break // counted by TestKernelAccepts
					}
					inputs++
					if d, same := vm.Compare(&want[in], &outs[in], k.Observables(cs[i])); !same {
						if differ++; differ <= 5 {
							t.Errorf("mix %s, seed %d, input %d: refvm and kernel: %s", mix.Name, *kernelS+uint64(total+i), in, d)
						}
						break
					}
				}
			}
		}
		t.Logf("%-10s %d inputs, %d programs differ", mix.Name, inputs, differ)
	}
}
