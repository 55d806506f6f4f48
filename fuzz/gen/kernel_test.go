package gen_test

import (
	"errors"
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
	"github.com/lockstep-ebpf/lockstep/vm/hook"
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

// subject is a way to generate.
type subject struct {
	name string
	gen.Options
}

// subjects are all mixes, and the default one for programs of type mem.
func subjects() (all []subject) {
	for _, mix := range gen.Mixes {
		all = append(all, subject{mix.Name, gen.Options{Mix: mix}})
	}
	mem := hook.Unspec
	all = append(all, subject{"mem", gen.Options{Type: &mem}})
	return slices.DeleteFunc(all, func(s subject) bool { return *onlyMix != "" && s.name != *onlyMix })
}

var numbers = regexp.MustCompile(`\d+`)

func TestKernelAccepts(t *testing.T) {
	k := openKernel(t)
	t.Logf("seed %d", *firstSeed)
	for _, x := range subjects() {
		g := gen.New(x.Options)
		accepted, total := 0, 0
		kinds := map[string][]uint64{}
		texts := map[string]string{}
		for total < *loadN {
			n := min(256, *loadN-total)
			for i, v := range k.Verify(cases(g, *firstSeed+uint64(total), n)) {
				if v.Accepted() {
					accepted++
					continue
				}
				kind := numbers.ReplaceAllString(strings.SplitN(v.Reason, "\n", 2)[0], "N")
				kinds[kind] = append(kinds[kind], *firstSeed+uint64(total+i))
				texts[kind] = v.Reason
				if *logs {
					texts[kind] = v.Log
				}
			}
			total += n
		}
		share := 100 * float64(accepted) / float64(total)
		t.Logf("%-10s %6.2f%% of %d accepted", x.name, share, total)
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
			t.Errorf("mix %s: %.2f%% accepted, want 99%%", x.name, share)
		}
	}
}

// TestKernelAgrees runs what it accepts on the kernel and on the reference VM. From
// other seeds than the default ones a difference may also be a bug of the kernel's:
// `lockstep fuzz --targets refvm,kernel` reduces it.
func TestKernelAgrees(t *testing.T) {
	k, ref := openKernel(t), target(t, &refvm.Engine{})
	t.Logf("seed %d", *firstSeed)
	for _, x := range subjects() {
		g := gen.New(x.Options)
		differ, inputs := 0, 0
		for total := 0; total < *loadN; total += 256 {
			cs := cases(g, *firstSeed+uint64(total), min(256, *loadN-total))
			for i, outs := range k.RunBatch(cs) {
				want := ref.Run(cs[i])
				for in := range outs {
					if kind := outs[in].Kind; kind == vm.LoadRejected || kind == vm.Hang {
						break // counted by TestKernelAccepts
					}
					inputs++
					if d, same := vm.Compare(&want[in], &outs[in], k.Observables(cs[i])); !same {
						if differ++; differ <= 5 {
							t.Errorf("mix %s, seed %d, input %d: refvm and kernel: %s", x.name, *firstSeed+uint64(total+i), in, d)
						}
						break
					}
				}
			}
		}
		t.Logf("%-10s %d inputs, %d programs differ", x.name, inputs, differ)
	}
}
