package verifier_test

import (
	"context"
	"flag"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/lockstep-ebpf/lockstep/fuzz/gen"
	"github.com/lockstep-ebpf/lockstep/host/object"
	"github.com/lockstep-ebpf/lockstep/kernelcmp"
	"github.com/lockstep-ebpf/lockstep/kernelcmp/guest"
	"github.com/lockstep-ebpf/lockstep/verifier"
	"github.com/lockstep-ebpf/lockstep/verifier/release"
	"github.com/lockstep-ebpf/lockstep/vm"
)

var kernels = flag.String("kernels", "host", "the kernels whose verdicts to compare with, by comma: host, or guests such as amd64-6.12")

// asked calls f for every kernel of -kernels that has a release's table, with what programs it can
// be given.
func asked(t *testing.T, f func(t *testing.T, k *kernelcmp.Target, r *release.Release, o gen.Options)) {
	t.Helper()
	for _, name := range strings.Split(*kernels, ",") {
		t.Run(name, func(t *testing.T) {
			k, o := openGuest(t, name)
			var version []string
			if version = strings.SplitN(k.Release(), ".", 3); len(version) < 3 {
				t.Fatalf("Linux %s", k.Release())
			}
			r, err := release.ByName(version[0] + "." + version[1])
			if err != nil {
				t.Skipf("Linux %s: %v", k.Release(), err)
			}
			t.Logf("Linux %s against %s, seed %d", k.Release(), r, *firstSeed)
			f(t, k, r, o)
		})
	}
}

func openGuest(t *testing.T, name string) (*kernelcmp.Target, gen.Options) {
	if name == "host" {
		return openKernel(t), gen.Options{}
	}
	rung, err := guest.ByName(name)
	if err != nil {
		t.Fatal(err)
	}
	o, err := rung.Generated()
	if err != nil {
		t.Fatal(err)
	}
	k, err := guest.Open(context.Background(), rung, guest.Options{Deadline: 20 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { k.Close() })
	return k, o
}

// lightEnough is for how many instructions an emulated kernel has the time.
const lightEnough = 20_000

// TestParityOfReleases compares verdicts with those of other kernels, on broken programs of what
// the kernel has.
func TestParityOfReleases(t *testing.T) {
	asked(t, func(t *testing.T, k *kernelcmp.Target, r *release.Release, o gen.Options) {
		all := tally{options: verifier.Options{Release: r}, light: lightEnough}
		for _, mix := range mixes() {
			o.Mix = mix
			all.compare(k, gen.New(o).Perturb, *brokenN)
		}
		all.report(t, "all")
		all.equal(t, 97)
	})
}

// TestVerdictsOfReleases asks other kernels about the cases of testdata/verdicts and about the programs
// of the corpus, for callers with and without rights.
func TestVerdictsOfReleases(t *testing.T) {
	asked(t, func(t *testing.T, k *kernelcmp.Target, r *release.Release, _ gen.Options) {
		all := append(readVerdicts(t), corpusVerdicts(t)...)
		equal, judged := 0, 0
		for _, v := range all {
			kv := k.VerifyWithout([]*vm.Case{v.c}, uint64(v.lacks))[0]
			res := verifier.Verify(v.c, verifier.Options{Release: r, Lacks: v.lacks})
			if res.Verdict == verifier.Unsupported || kv.Kind != vm.Exit && kv.Kind != vm.LoadRejected {
				continue
			}
			judged++
			if kv.Accepted() == (res.Verdict == verifier.Accepted) {
				equal++
				continue
			}
			t.Logf("%s, without %s: %s: %s %v, the kernel: %s %s", v.name, v.lacks, r, res.Verdict, res.Failure, kv.Kind, lastLine(&kv))
		}
		t.Logf("%d of %d as the kernel has it", equal, judged)
		if equal*100 < 97*judged {
			t.Errorf("only %d of %d verdicts are the kernel's", equal, judged)
		}
	})
}

// corpusVerdicts are the programs that a compiler made.
func corpusVerdicts(t *testing.T) (all []verdict) {
	t.Helper()
	files, err := filepath.Glob("../corpus/programs/*.o")
	if err != nil || len(files) == 0 {
		t.Fatal("there are no objects", err)
	}
	for _, path := range files {
		o, err := object.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range o.Programs {
			c, err := o.Case(p.Name, vm.Input{})
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, verdict{name: filepath.Base(path) + ":" + p.Name, c: c})
		}
	}
	return all
}
