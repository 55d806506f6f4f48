package verifier_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/lockstep-ebpf/lockstep/host/object"
	"github.com/lockstep-ebpf/lockstep/verifier"
	"github.com/lockstep-ebpf/lockstep/vm"
)

// tooComplex are programs that Linux 6.18 takes and that this verifier gives up on: it
// prunes too few of their paths. That is a weakness to be mended, not a verdict.
var tooComplex = map[string]bool{}

// TestCorpusIsAccepted: what a compiler made of the programs in C, in both byte orders.
func TestCorpusIsAccepted(t *testing.T) {
	files, err := filepath.Glob("../corpus/programs/*.o")
	if err != nil || len(files) == 0 {
		t.Fatal("there are no objects", err)
	}
	for _, path := range files {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		o, err := object.Read(bytes.NewReader(b))
		if err != nil {
			t.Fatal(path, err)
		}
		for _, p := range o.Programs {
			c, err := o.Case(p.Name, vm.Input{})
			if err != nil {
				t.Fatal(path, err)
			}
			res := verifier.Verify(c, verifier.Options{})
			want := verifier.Accepted
			if tooComplex[filepath.Base(path)] {
				want = verifier.TooComplex
			}
			if res.Verdict != want {
				t.Errorf("%s: %s: %s (%v), want %s", path, p.Name, res.Verdict, res.Failure, want)
			}
		}
	}
}
