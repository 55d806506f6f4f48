package verifier_test

import (
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/rlimit"

	"github.com/lockstep-ebpf/lockstep/host/object"
	"github.com/lockstep-ebpf/lockstep/verifier"
	"github.com/lockstep-ebpf/lockstep/verifier/btf"
)

const globalObject = "testdata/global/global.o"

// TestGlobalFunctions: the programs of global.c are judged as their names say, and the kernel
// judges them so too, and in the same words.
func TestGlobalFunctions(t *testing.T) {
	o, err := object.Open(globalObject)
	if err != nil {
		t.Fatal(err)
	}
	logs := kernelLogs(t, globalObject)
	for _, p := range o.Programs {
		c, about, err := o.CaseToVerify(p.Name)
		if err != nil {
			t.Fatal(err)
		}
		res := verifier.Verify(c, verifier.Options{Programs: []*btf.Program{about}})
		bad := strings.HasPrefix(p.Name, "bad_")
		if (res.Verdict == verifier.Unsafe) != bad || !bad && res.Verdict != verifier.Accepted {
			t.Errorf("%s: %s (%v)", p.Name, res.Verdict, res.Failure)
		}
		log, asked := logs[p.Name]
		switch {
		case !asked:
		case (log != "") != bad:
			t.Errorf("%s: the kernel says %q", p.Name, log)
		case bad && res.Failure != nil && !sameText(res.Failure.Text, log):
			t.Errorf("%s: our words are %q, the kernel's\n%s", p.Name, res.Failure.Text, log)
		}
	}
}

// kernelLogs loads each program of an object as root, and gives the log of those that are
// refused; empty for the others. Without rights it gives nothing.
func kernelLogs(t *testing.T, path string) map[string]string {
	t.Helper()
	if os.Geteuid() != 0 {
		if os.Getenv("CI") == "true" {
			t.Fatal("CI runs this as root")
		}
		t.Log("the kernel is not asked: that needs root")
		return nil
	}
	if err := rlimit.RemoveMemlock(); err != nil {
		t.Fatal(err)
	}
	logs := map[string]string{}
	spec, err := ebpf.LoadCollectionSpec(path)
	if err != nil {
		t.Fatal(err)
	}
	for name := range spec.Programs {
		one := spec.Copy()
		one.Programs = map[string]*ebpf.ProgramSpec{name: one.Programs[name]}
		coll, err := ebpf.NewCollection(one)
		if err == nil {
			logs[name] = ""
			coll.Close()
			continue
		}
		var v *ebpf.VerifierError
		if !errors.As(err, &v) {
			t.Fatalf("%s: %v", name, err)
		}
		logs[name] = strings.Join(v.Log, "\n") + "\n"
	}
	return logs
}
