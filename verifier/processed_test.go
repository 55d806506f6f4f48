package verifier_test

import (
	"bytes"
	"math"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/lockstep-ebpf/lockstep/host/object"
	"github.com/lockstep-ebpf/lockstep/spec"
	"github.com/lockstep-ebpf/lockstep/verifier"
	"github.com/lockstep-ebpf/lockstep/vm"
)

// corpusCases are the programs of corpus/programs in one byte order.
func corpusCases(t testing.TB, order spec.ByteOrder) (names []string, all []*vm.Case) {
	t.Helper()
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
			if c.Programs[0].Order == order {
				names, all = append(names, filepath.Base(path)+":"+p.Name), append(all, c)
			}
		}
	}
	return names, all
}

// TestProcessedLikeKernel holds the number of instructions that are looked at against the
// kernel's own count.
func TestProcessedLikeKernel(t *testing.T) {
	k := openKernel(t)
	names, cs := corpusCases(t, spec.Little)
	sum, n := 0.0, 0
	for i, c := range cs {
		start := time.Now()
		v := k.Verify([]*vm.Case{c})[0]
		theirs := time.Since(start)
		start = time.Now()
		res := verifier.Verify(c, verifier.Options{})
		ours := time.Since(start)
		if !v.Accepted() {
			t.Logf("%-30s the kernel: %s", names[i], v.Reason)
			continue
		}
		verified := 0
		for _, p := range v.Programs {
			verified += int(p.Verified)
		}
		ratio := float64(res.Processed) / float64(verified)
		t.Logf("%-30s ours %s %7d in %8.2fms, Linux %7d in %8.2fms, ratio %.2f", names[i], res.Verdict, res.Processed,
			ours.Seconds()*1e3, verified, theirs.Seconds()*1e3, ratio)
		sum, n = sum+math.Log(ratio), n+1
	}
	mean := math.Exp(sum / float64(n))
	t.Logf("geometric mean of %d ratios: %.3f", n, mean)
	if mean > 1.2 {
		t.Errorf("%.2f times as many instructions are looked at as by the kernel", mean)
	}
}
