//go:build mutants

package jit_test

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"

	"github.com/lockstep-ebpf/lockstep/internal/mutant"
)

// The tests below run in a process of their own: what they show may be its end.
func init() {
	flag.Func("mutant", "switch a planted bug on", func(name string) error {
		m, ok := mutant.ByName(name)
		if !ok {
			return fmt.Errorf("there is no planted bug %q", name)
		}
		mutant.Enable(m.ID)
		return nil
	})
}

// TestStressIsNotBlind plants the bugs that the stress tests are there for.
func TestStressIsNotBlind(t *testing.T) {
	killers := map[mutant.ID]string{
		mutant.AMD64PointerReadTwice: "TestRacingPointers",
		mutant.JITRunsShared:         "TestPanicsUnderStress",
		mutant.JITPanicKeepsDepth:    "TestPanicsUnderStress",
	}
	for _, m := range mutant.All {
		if m.Where != "jit/stress" || strings.HasPrefix(m.Name, "amd64") && runtime.GOARCH != "amd64" {
			continue
		}
		t.Run(m.Name, func(t *testing.T) {
			for _, on := range []bool{false, true} {
				args := []string{"-test.run", "^" + killers[m.ID] + "$", "-long", "8"} // races show in time
				if on {
					args = append(args, "-mutant", m.Name)
				}
				out, err := exec.Command(os.Args[0], args...).CombinedOutput()
				if (err != nil) != on || strings.Contains(string(out), "no tests to run") {
					t.Errorf("%s, with %s on: %v: %v\n%.2000s", killers[m.ID], m.What, on, err, out)
				} else if on {
					t.Logf("%.300s", out)
				}
			}
		})
	}
}
