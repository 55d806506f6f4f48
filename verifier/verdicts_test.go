package verifier_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lockstep-ebpf/lockstep/verifier"
	"github.com/lockstep-ebpf/lockstep/verifier/release"
	"github.com/lockstep-ebpf/lockstep/vm"
	"github.com/lockstep-ebpf/lockstep/vm/casefile"
)

// verdict is a case of testdata/verdicts: small programs, each about one rule. The first
// comment of the file is "accepted", or the line of Linux's log that says why not. The next
// one may begin with laxer: 6.18 accepts it nevertheless; or be "without perfmon": capabilities that
// whoever loads the program lacks.
type verdict struct {
	name, want string
	lax        bool
	c          *vm.Case
	lacks      release.Caps
}

const laxer = "Linux 6.18 accepts it"

func readVerdicts(t testing.TB) (all []verdict) {
	t.Helper()
	files, err := filepath.Glob("testdata/verdicts/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatal("there are no cases in testdata/verdicts", err)
	}
	for _, path := range files {
		f, err := casefile.Read(path)
		if err != nil {
			t.Fatal(err)
		}
		name := strings.TrimSuffix(filepath.Base(path), ".txtar")
		v := verdict{name: name, want: strings.TrimSpace(f.Comment[0]), c: &f.Case}
		if len(f.Comment) > 1 {
			second := strings.TrimSpace(f.Comment[1])
			v.lax = strings.HasPrefix(second, laxer)
			if list, ok := strings.CutPrefix(second, "without "); ok {
				if v.lacks, err = release.ParseCaps(strings.Split(list, ",")); err != nil {
					t.Fatalf("%s: %v", path, err)
				}
				v.lacks |= release.SysAdmin
			}
		}
		all = append(all, v)
	}
	return all
}

// wrong says how the verdict differs from the wanted one.
func (v *verdict) wrong() string {
	got := "accepted"
	if res := verifier.Verify(v.c, verifier.Options{Lacks: v.lacks}); res.Verdict != verifier.Accepted {
		got, _, _ = strings.Cut(res.Failure.Text, "\n")
	}
	if got == v.want {
		return ""
	}
	return fmt.Sprintf("%s, want %s", got, v.want)
}

func TestVerdicts(t *testing.T) {
	for _, v := range readVerdicts(t) {
		if wrong := v.wrong(); wrong != "" {
			t.Errorf("%s: %s", v.name, wrong)
		}
	}
}

// TestVerdictsOfKernel asks the kernel about the same cases.
func TestVerdictsOfKernel(t *testing.T) {
	k := openKernel(t)
	uname, _ := os.ReadFile("/proc/sys/kernel/osrelease")
	if !strings.HasPrefix(string(uname), "6.18.") {
		t.Skipf("the words are those of Linux 6.18, this is %s", uname)
	}
	for _, v := range readVerdicts(t) {
		kv := k.VerifyWithout([]*vm.Case{v.c}, uint64(v.lacks))[0]
		if kv.Kind == vm.LoadUnsupported && v.lacks&release.BPF != 0 {
			t.Logf("%s: %s", v.name, kv.Reason)
			continue
		}
		if v.lax {
			v.want = "accepted"
		}
		if kv.Accepted() != (v.want == "accepted") || !kv.Accepted() && !sameText(v.want, kv.Log) {
			t.Errorf("%s: the kernel says %s (%s), want %s", v.name, kv.Kind, kv.Reason, v.want)
		}
	}
}
