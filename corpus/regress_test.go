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
			known := knownRefusal.FindStringSubmatch(strings.Join(f.Comment, "\n"))
			for _, target := range targets(t) {
				out := target.Run(&f.Case)
				k, kernel := target.(*kernelcmp.Target)
				if kernel && known != nil && strings.HasPrefix(k.Release(), known[1]) && out[0].Kind == vm.LoadRejected && strings.Contains(out[0].Reason, known[2]) {
					t.Logf("linux refuses it still: %s", known[2])
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
