package corpus

import (
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/lockstep-ebpf/lockstep/kernelcmp"
	"github.com/lockstep-ebpf/lockstep/vm"
	"github.com/lockstep-ebpf/lockstep/vm/casefile"
)

// knownRefusal is a line of a case's comment: what a release of Linux gets wrong.
var knownRefusal = regexp.MustCompile(`(?m)^linux (\S+) refuses it: (.+)$`)

// TestRegress runs every case of regress/ on every target. Each is there because some
// implementation once got it wrong; the expectation says what is right. The kernel
// may still refuse one in the words that the case's comment has for its release:
// then that is logged.
func TestRegress(t *testing.T) {
	files, err := filepath.Glob("regress/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("%d cases, %v", len(files), err)
	}
	for _, name := range files {
		f, err := casefile.Read(name)
		if err != nil {
			t.Fatal(err)
		}
		if len(f.Expect) == 0 {
			t.Errorf("%s expects nothing", name)
		}
		t.Run(filepath.Base(name), func(t *testing.T) {
			known := knownRefusal.FindAllStringSubmatch(strings.Join(f.Comment, "\n"), -1)
			for _, target := range targets(t) {
				out := target.Run(&f.Case)
				if k, ok := target.(*kernelcmp.Target); ok && refusedAsKnown(t, k, known, &out[0]) {
					continue
				} else if ok && out[0].Kind == vm.LoadUnsupported && k.Name() != "kernel" {
					t.Logf("%s cannot run it: %s", k.Name(), out[0].Reason)
					continue
				}
				for i := range f.Expect {
					if err := f.Expect[i].Check(&out[i], target.Observables(&f.Case)); err != nil {
						t.Errorf("%s, input %d: %v", target.Name(), i, err)
					}
				}
			}
		})
	}
}

// refusedAsKnown reports whether a kernel refuses a case as the comment has it for its
// release.
func refusedAsKnown(t *testing.T, k *kernelcmp.Target, known [][]string, o *vm.Outcome) bool {
	t.Helper()
	for _, line := range known {
		if o.Kind == vm.LoadRejected && strings.HasPrefix(k.Release(), line[1]+".") && strings.Contains(o.Reason, line[2]) {
			t.Logf("Linux %s refuses it still: %s", k.Release(), line[2])
			return true
		}
	}
	return false
}
